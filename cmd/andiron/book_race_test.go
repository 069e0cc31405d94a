package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestSCH9 has 50 clients book one offer for 50 patients.
func TestSCH9(t *testing.T) {
	c := openClinic(t)
	offers := c.leeOffers()
	if len(offers) != 14 {
		t.Fatalf("%d offers", len(offers))
	}
	list := c.together(50, func(i int) (string, string) {
		return "/Appointment/$book", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), refParam("patient-reference", fmt.Sprintf("Patient/p%d", i)))
	})
	c.counted(list, 1)
	for _, r := range list {
		if r.status == 409 {
			c.is(r, "issue.0.severity", "fatal", "issue.0.code", "not-found", "issue.0.details.coding.0.code", "slot-unavailable", "issue.1.severity", "error", "issue.1.code", "conflict")
			if diag := fmt.Sprint(r.at("issue.1.diagnostics")); strings.Count(diag, `"Appointment/of-`) != 3 {
				t.Errorf("%s", r.text)
			}
		}
	}
	c.amount(t, 1, "Appointment?status=booked&date=2026-03-03")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
	if left := c.leeOffers(); len(left) != 13 {
		t.Errorf("%d offers are left", len(left))
	}
}

// TestSCH9Plain is the same with plain writes.
func TestSCH9Plain(t *testing.T) {
	c := openClinic(t)
	list := c.together(50, func(i int) (string, string) {
		return "/Appointment", visitOf("booked", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", fmt.Sprintf("Patient/p%d", i))
	})
	c.counted(list, 1)
	for _, r := range list {
		if r.status == 409 {
			c.is(r, "issue.0.severity", "fatal", "issue.0.code", "not-found", "issue.1.code", "conflict")
			if diag := fmt.Sprint(r.at("issue.1.diagnostics")); strings.Count(diag, `"Appointment/of-`) != 3 {
				t.Errorf("%s", r.text)
			}
		}
	}
	c.amount(t, 1, "Appointment?status=booked&date=2026-03-03")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestSCH10 has three times as many places as that.
func TestSCH10(t *testing.T) {
	c := openClinic(t)
	for round, path := range []string{"/Appointment/$book", "/Appointment"} {
		start := fmt.Sprintf("2026-03-%02dT15:00:00Z", 3+7*round)
		if round == 1 {
			start = "2026-03-10T14:00:00Z"
		}
		list := c.together(50, func(i int) (string, string) {
			status := []string{"proposed", "booked"}[round]
			a := visitOf(status, "group", start, 60, "Practitioner/nurse-joy", fmt.Sprintf("Patient/p%d", i))
			if round == 0 {
				a = withParams(resourceParam("appointment-resource", a))
			}
			return path, a
		})
		c.counted(list, 3)
		c.amount(t, 3, "Appointment?status=booked&date="+start[:10])
	}
}

// TestSCH11 has a surgeon and an operating room booked together, in both orders, at overlapping times.
func TestSCH11(t *testing.T) {
	c := openClinic(t)
	list := c.together(50, func(i int) (string, string) {
		who := []string{"Practitioner/dr-chan", "Location/or-1"}
		if i%2 == 1 {
			who[0], who[1] = who[1], who[0]
		}
		start := fmt.Sprintf("2026-03-03T%02d:30:00Z", 14+i%4)
		return "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "surgery", start, 120, who[0], who[1], fmt.Sprintf("Patient/p%d", i))))
	})
	won := 0
	for _, r := range list {
		switch r.status {
		case 200:
			won++
		case 409:
		default:
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	if won < 1 || won > 2 {
		t.Errorf("%d operations at overlapping times", won)
	}
	for _, schedule := range []string{"sch-chan", "sch-or1"} {
		c.amount(t, won, "Slot?status=busy&schedule=Schedule/"+schedule)
		c.amount(t, 2*won, "Slot?status=busy-unavailable&schedule=Schedule/"+schedule)
	}
}

// TestSCH12 mixes all ways to take a time.
func TestSCH12(t *testing.T) {
	c := openClinic(t)
	list := c.together(30, func(i int) (string, string) {
		patient := fmt.Sprintf("Patient/p%d", i)
		switch i % 3 {
		case 0:
			return "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", patient)))
		case 1:
			return "/Appointment", visitOf("booked", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", patient)
		}
		a := visitOf("booked", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", patient)
		a = strings.TrimSuffix(a, "}") + `,"slot":[{"reference":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0001"}]}`
		return "", `{"resourceType":"Bundle","type":"transaction","entry":[
			{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0001","resource":{"resourceType":"Slot","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z"},"request":{"method":"POST","url":"Slot"}},
			{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0002","resource":` + a + `,"request":{"method":"POST","url":"Appointment"}}]}`
	})
	c.counted(list, 1)
	c.amount(t, 1, "Appointment?status=booked&date=2026-03-03")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestSlotAndAppointment has a transaction bring its own Slot, before and after the Appointment.
func TestSlotAndAppointment(t *testing.T) {
	c := openClinic(t)
	a := visitOf("booked", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	a = strings.TrimSuffix(a, "}") + `,"slot":[{"reference":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0001"}]}`
	r := c.ask(200, "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0001","resource":{"resourceType":"Slot","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z"},"request":{"method":"POST","url":"Slot"}},
		{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0002","resource":`+a+`,"request":{"method":"POST","url":"Appointment"}}]}`)
	slot, appointment := strings.Split(fmt.Sprint(r.at("entry.0.response.location")), "/_history")[0], strings.Split(fmt.Sprint(r.at("entry.1.response.location")), "/_history")[0]
	slot, appointment = slot[strings.Index(slot, "Slot/"):], appointment[strings.Index(appointment, "Appointment/"):]
	c.is(c.ask(200, "GET", "/"+appointment, ""), "slot.0.reference", slot)
	c.no(422, "slot-managed", "DELETE", "/"+slot, "")
	c.no(422, "slot-managed", "PUT", "/"+slot, `{"resourceType":"Slot","id":"`+strings.TrimPrefix(slot, "Slot/")+`","schedule":{"reference":"Schedule/sch-lee"},"status":"free","start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z"}`)
	// the Appointment before its Slot: the Slot has been made for it by then, so all of it is refused
	first := strings.NewReplacer("T14:00", "T16:00", "T14:30", "T16:30", "Patient/p1", "Patient/p7").Replace(a)
	late := c.send("POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0002","resource":`+first+`,"request":{"method":"POST","url":"Appointment"}},
		{"fullUrl":"urn:uuid:5b9aef5e-3c2a-4a4c-8c9a-0d2f8f4b0001","resource":{"resourceType":"Slot","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T16:00:00Z","end":"2026-03-03T16:30:00Z"},"request":{"method":"POST","url":"Slot"}}]}`)
	if late.status != 409 || late.at("issue.0.code") != "duplicate" {
		t.Errorf("%d %s", late.status, late.text)
	}
	c.amount(t, 0, "Slot?schedule=Schedule/sch-lee&start=2026-03-03T16:00:00Z")
	// and imported one by one
	own := strings.TrimSuffix(visitOf("booked", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2"), "}") + `,"id":"moved","slot":[{"reference":"Slot/moved"}]}`
	c.stored(t, own)
	c.stored(t, `{"resourceType":"Slot","id":"moved","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T15:00:00Z","end":"2026-03-03T15:30:00Z"}`)
	c.no(409, "slot-unavailable", "POST", "/Slot", `{"resourceType":"Slot","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T15:00:00Z","end":"2026-03-03T15:30:00Z"}`)
}

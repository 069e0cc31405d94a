package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const cancelForPatient = `{"name":"reason","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason","code":"pat"}]}}`

func (c *clinic) at(now string) {
	c.t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		c.t.Fatal(err)
	}
	c.setClock(c.t, at)
}

// booking books a time that is given as an Appointment, and gives its id.
func (c *clinic) booking(visit, start string, minutes int, actors ...string) string {
	c.t.Helper()
	r := c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", visit, start, minutes, actors...))))
	return fmt.Sprint(r.at("entry.0.resource.id"))
}

func (c *clinic) refusedBooking(want int, detail, visit, start string, minutes int, actors ...string) reply {
	c.t.Helper()
	return c.no(want, detail, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", visit, start, minutes, actors...))))
}

func override(rule string) string {
	return `{"name":"override","part":[{"name":"rule","valueCode":"` + rule + `"},{"name":"reason","valueString":"urgent"}]}`
}

// TestSCH8 has a hold keep others away while it lasts.
func TestSCH8(t *testing.T) {
	c := openClinic(t)
	offers := c.leeOffers()
	held := c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), refParam("patient-reference", "Patient/p1")))
	c.is(held, "resourceType", "Bundle", "total", 1, "entry.0.resource.status", "pending", "entry.0.resource.start", "2026-03-03T14:00:00Z")
	c.amount(t, 1, "Slot?status=busy-tentative")
	again := c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), refParam("patient-reference", "Patient/p1")))
	if again.at("entry.0.resource.id") != held.at("entry.0.resource.id") {
		t.Error("the same offer is held twice")
	}
	if n := len(c.leeOffers()); n != 13 {
		t.Errorf("%d offers beside a hold", n)
	}
	c.at("2026-03-02T13:10:30Z")
	if n := len(c.leeOffers()); n != 14 {
		t.Errorf("%d offers after it", n)
	}
	c.drain(t)
	c.amount(t, 0, "Slot?status=busy-tentative")
	c.is(c.ask(200, "GET", fmt.Sprintf("/Appointment/%v", held.at("entry.0.resource.id")), ""), "status", "cancelled", "cancelationReason.coding.0.code", "hold-expired")
}

// TestHoldLimit: two holds at a time, and one for the same service gives way to the next.
func TestHoldLimit(t *testing.T) {
	c := openClinic(t)
	hold := func(want int, visit, start string, minutes int, actors ...string) reply {
		t.Helper()
		return c.ask(want, "POST", "/Appointment/$hold", withParams(resourceParam("appointment-resource", visitOf("proposed", visit, start, minutes, append(actors, "Patient/p1")...))))
	}
	first := hold(200, "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee")
	hold(200, "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee")
	c.is(c.ask(200, "GET", fmt.Sprintf("/Appointment/%v", first.at("entry.0.resource.id")), ""), "status", "cancelled")
	hold(200, "minor-procedure", "2026-03-04T14:00:00Z", 30, "Practitioner/dr-kim")
	c.is(hold(422, "group", "2026-03-10T15:00:00Z", 60, "Practitioner/nurse-joy"), "issue.0.details.coding.0.code", "hold-limit")
	c.no(400, "value", "POST", "/Appointment/$hold", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-05T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")), `{"name":"hold-duration","valueDuration":{"value":31,"unit":"min"}}`))
	c.no(400, "invalid", "POST", "/Appointment/$hold", withParams(refParam("patient-reference", "Patient/p2")))
	c.no(404, "offer-expired", "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/of-nothing")))
}

// TestSCH13 has a hold of A keep B away until it expires, and be of no use afterwards.
func TestSCH13(t *testing.T) {
	c := openClinic(t)
	offers := c.leeOffers()
	held := c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), refParam("patient-reference", "Patient/p1")))
	hold := fmt.Sprint(held.at("entry.0.resource.id"))
	r := c.book(409, offers[0], "p2")
	c.is(r, "issue.0.code", "not-found", "issue.1.code", "conflict")
	c.at("2026-03-02T13:10:30Z")
	c.book(200, offers[0], "p2")
	c.is(c.book(409, hold, "p1"), "issue.0.code", "conflict", "issue.0.details.coding.0.code", "hold-expired")
	c.no(409, "hold-expired", "POST", "/Appointment/"+hold+"/$confirm", "")
}

// TestHoldIsBooked: a hold becomes a booking with the same Slot, by $book and by $confirm.
func TestHoldIsBooked(t *testing.T) {
	c := openClinic(t)
	for i, how := range []string{"$book", "$confirm", "PUT"} {
		offers := c.leeOffers()
		patient := fmt.Sprintf("p%d", i)
		held := c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), refParam("patient-reference", "Patient/"+patient)))
		id, slot := fmt.Sprint(held.at("entry.0.resource.id")), held.at("entry.0.resource.slot.0.reference")
		c.is(c.ask(200, "GET", fmt.Sprintf("/%v", slot), ""), "status", "busy-tentative")
		switch how {
		case "$book":
			c.is(c.book(200, id, patient), "entry.0.resource.id", id, "entry.0.resource.status", "booked")
			c.is(c.book(200, id, patient), "entry.0.resource.status", "booked", "entry.0.resource.meta.versionId", "2") // again
		case "$confirm":
			c.is(c.ask(200, "POST", "/Appointment/"+id+"/$confirm", ""), "entry.0.resource.status", "booked")
			c.no(422, "illegal-transition", "POST", "/Appointment/"+id+"/$confirm", "")
		default:
			text := c.ask(200, "GET", "/Appointment/"+id, "").text
			c.is(c.ask(200, "PUT", "/Appointment/"+id, strings.Replace(text, `"status":"pending"`, `"status":"booked"`, 1)), "status", "booked")
		}
		c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "slot.0.reference", slot, "status", "booked", "extension", nil)
		c.is(c.ask(200, "GET", fmt.Sprintf("/%v", slot), ""), "status", "busy", "start", fmt.Sprintf("2026-03-03T%02d:%02d:00Z", 14+i/2, i%2*30))
	}
	c.at("2026-03-02T14:00:00Z")
	c.amount(t, 3, "Appointment?status=booked&date=2026-03-03")
}

// TestSCH14 repeats a request under its Idempotency-Key.
func TestSCH14(t *testing.T) {
	c := openClinic(t)
	body := withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")))
	first := c.send("POST", "/Appointment/$book", body, "Idempotency-Key: k1")
	second := c.send("POST", "/Appointment/$book", body, "Idempotency-Key: k1")
	if first.status != 200 || second.status != 200 || first.text != second.text {
		t.Errorf("%d %s\n%d %s", first.status, first.text, second.status, second.text)
	}
	c.amount(t, 1, "Appointment?status=booked&date=2026-03-03")
}

// TestSCH15: a patient cannot be in two places, unless the front desk says so.
func TestSCH15(t *testing.T) {
	c := openClinic(t)
	c.ask(201, "POST", "/Appointment", visitOf("booked", "elsewhere", "2026-03-03T14:15:00Z", 30, "Patient/pat-ana", "Practitioner/pharm-paul"))
	r := c.refusedBooking(409, "patient-overlap", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/pat-ana")
	c.is(r, "issue.0.code", "conflict")
	c.no(409, "patient-overlap", "POST", "/Appointment", visitOf("booked", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/pat-ana"))
	r = c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/pat-ana")), override("patient-overlap")))
	found := c.ask(200, "GET", fmt.Sprintf("/Provenance?target=Appointment/%v", r.at("entry.0.resource.id")), "")
	if !strings.Contains(found.text, `"urgent"`) {
		t.Errorf("%s", found.text)
	}
	c.no(400, "code-invalid", "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/pat-ana")), override("actor-inactive")))
}

// TestSCH16 books no more than there may be on a day.
func TestSCH16(t *testing.T) {
	c := openClinic(t)
	text := c.ask(200, "GET", "/Schedule/sch-lee", "").text
	limit := `{"url":"bookingLimit","valueTiming":{"repeat":{"frequency":8,"period":1,"periodUnit":"d"}}},{"url":"timezone",`
	c.ask(200, "PUT", "/Schedule/sch-lee", strings.Replace(text, `{"url":"timezone",`, limit, 1))
	var ids []string
	for i := range 8 {
		ids = append(ids, c.booking("office", time.Date(2026, 3, 3, 14, 30*(i+i/6*2), 0, 0, time.UTC).Format(time.RFC3339), 30, "Practitioner/dr-lee", fmt.Sprintf("Patient/p%d", i)))
	}
	c.refusedBooking(422, "booking-limit", "office", "2026-03-03T20:00:00Z", 30, "Practitioner/dr-lee", "Patient/p9")
	c.no(422, "booking-limit", "POST", "/Appointment", visitOf("booked", "office", "2026-03-03T20:00:00Z", 30, "Practitioner/dr-lee", "Patient/p9"))
	c.ask(200, "POST", "/Appointment/"+ids[2]+"/$cancel", withParams(cancelForPatient))
	list := c.together(10, func(i int) (string, string) {
		return "/Appointment", visitOf("booked", "office", fmt.Sprintf("2026-03-03T%02d:%02d:00Z", 20+i%4/2, i%2*30), 30, "Practitioner/dr-lee", fmt.Sprintf("Patient/p%d", 10+i))
	})
	won := 0
	for _, r := range list {
		switch r.status {
		case 201:
			won++
		case 409, 422:
		default:
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	if won != 1 {
		t.Errorf("%d bookings take the one place that has come free", won)
	}
}

// TestSCH17 has buffers around an operation, which go with it.
func TestSCH17(t *testing.T) {
	c := openClinic(t)
	id := c.booking("surgery", "2026-03-03T15:00:00Z", 120, "Practitioner/dr-chan", "Location/or-1", "Patient/p1")
	for _, start := range []string{"2026-03-03T14:30:00Z", "2026-03-03T17:00:00Z"} {
		found := c.ask(200, "GET", "/Slot?status=busy-unavailable&schedule=Schedule/sch-or1&start="+start, "")
		if !strings.Contains(found.text, `"start":"`+start+`"`) {
			t.Errorf("no buffer at %s: %s", start, found.text)
		}
	}
	c.no(422, "slot-managed", "POST", "/Schedule/sch-or1/$unblock", withParams(refParam("slot", fmt.Sprint(c.ask(200, "GET", "/Slot?status=busy-unavailable&schedule=Schedule/sch-or1", "").at("entry.0.resource.resourceType"))+"/"+fmt.Sprint(c.ask(200, "GET", "/Slot?status=busy-unavailable&schedule=Schedule/sch-or1", "").at("entry.0.resource.id")))))
	c.refusedBooking(409, "slot-unavailable", "surgery", "2026-03-03T17:00:00Z", 120, "Practitioner/dr-chan", "Location/or-1", "Patient/p2")
	c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	c.amount(t, 0, "Slot?schedule=Schedule/sch-or1")
	c.amount(t, 0, "Slot?schedule=Schedule/sch-chan")
}

// TestSCH18: the Slots of an Appointment are there, with its time.
func TestSCH18(t *testing.T) {
	c := openClinic(t)
	id := c.booking("surgery", "2026-03-03T15:00:00Z", 120, "Practitioner/dr-chan", "Location/or-1", "Patient/p1")
	r := c.ask(200, "GET", "/Appointment/"+id, "")
	for i := range 2 {
		slot := c.ask(200, "GET", fmt.Sprintf("/%v", r.at(fmt.Sprintf("slot.%d.reference", i))), "")
		c.is(slot, "start", r.at("start"), "end", r.at("end"), "status", "busy")
	}
	c.is(r, "slot.2", nil, "minutesDuration", 120)
}

// TestSCH19: what is cancelled is free again, and nobody is reminded of it.
func TestSCH19(t *testing.T) {
	c := openClinic(t)
	c.stored(t, `{"resourceType":"Patient","id":"p1","telecom":[{"system":"email","value":"p1@example.org"}]}`)
	id := c.booking("office", "2026-03-13T13:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.drain(t)
	c.amount(t, 3, "Task?code=appointment-reminder&status=draft&focus=Appointment/"+id)
	c.ask(201, "POST", "/CommunicationRequest", `{"resourceType":"CommunicationRequest","status":"active","category":[{"coding":[{"code":"appointment-reminder"}]}],"subject":{"reference":"Patient/p1"},"about":[{"reference":"Appointment/`+id+`"}]}`)
	c.no(400, "reason", "POST", "/Appointment/"+id+"/$cancel", "")
	c.is(c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient)), "entry.0.resource.status", "cancelled", "entry.0.resource.participant.0.status", "declined")
	c.ask(200, "POST", "/Appointment/$cancel", withParams(refParam("appointment-reference", "Appointment/"+id)))
	c.drain(t)
	c.amount(t, 0, "Task?code=appointment-reminder&status=draft&focus=Appointment/"+id)
	c.amount(t, 1, "CommunicationRequest?status=revoked&subject=Patient/p1")
	c.booking("office", "2026-03-13T13:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
}

// TestSCH20: an appointment that cannot be moved stays, with its Slots.
func TestSCH20(t *testing.T) {
	c := openClinic(t)
	c.booking("office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	id := c.booking("office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	before := c.ask(200, "GET", "/Appointment/"+id, "")
	r := c.no(409, "slot-unavailable", "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T15:00:00Z")))
	c.is(r, "issue.1.code", "conflict")
	if after := c.ask(200, "GET", "/Appointment/"+id, ""); after.text != before.text {
		t.Errorf("%s\n%s", before.text, after.text)
	}
	c.ask(200, "GET", fmt.Sprintf("/%v", before.at("slot.0.reference")), "")
	c.no(422, "not-aligned", "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T15:40:00Z")))
	c.is(c.ask(200, "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T15:30:00Z"))), "entry.0.resource.id", id, "entry.0.resource.start", "2026-03-03T15:30:00Z", "entry.0.resource.status", "booked")
	c.amount(t, 2, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestSCH21 moves an appointment to another room at its own time.
func TestSCH21(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Location/room-1", "Patient/p1")
	r := c.ask(200, "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T16:00:00Z"), refParam("schedule", "Schedule/sch-room2")))
	if text := r.text; strings.Contains(text, "Location/room-1") || !strings.Contains(text, "Location/room-2") || !strings.Contains(text, "Practitioner/dr-lee") {
		t.Errorf("%s", text)
	}
	c.amount(t, 0, "Slot?schedule=Schedule/sch-room1")
	c.amount(t, 1, "Slot?schedule=Schedule/sch-room2")
	c.amount(t, 1, "Slot?schedule=Schedule/sch-lee&start=ge2026-03-03")
}

package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestSCH29: who leaves is offered no more, and somebody is to see to what is booked.
func TestSCH29(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	text := c.ask(200, "GET", "/Practitioner/dr-lee", "").text
	c.ask(200, "PUT", "/Practitioner/dr-lee", strings.Replace(text, `"active":true`, `"active":false`, 1))
	if n := len(c.leeOffers()); n != 0 {
		t.Errorf("%d offers", n)
	}
	c.refusedBooking(422, "actor-inactive", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	c.no(422, "actor-inactive", "POST", "/Appointment", visitOf("booked", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2"))
	c.is(c.ask(200, "GET", "/Task?code=reassign&status=requested", ""), "total", 1, "entry.0.resource.focus.reference", "Practitioner/dr-lee", "entry.0.resource.input.0.valueReference.reference", "Appointment/"+id)
	c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "status", "booked")
}

// TestSCH31: an absence for one service is none for another.
func TestSCH31(t *testing.T) {
	c := openClinic(t)
	const slot = `{"resourceType":"Slot","schedule":{"reference":"Schedule/sch-lee"},"status":"busy","start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z"`
	c.ask(201, "POST", "/Slot", slot+`,"serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"surgery"}]}]}`)
	if n := len(c.leeOffers()); n != 14 {
		t.Errorf("%d offers", n)
	}
	c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.ask(201, "POST", "/Slot", strings.NewReplacer("T14:00", "T15:00", "T14:30", "T15:30").Replace(slot)+"}")
	c.refusedBooking(409, "slot-unavailable", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	c.no(409, "slot-unavailable", "POST", "/Slot", slot+"}")
	c.no(400, "value", "POST", "/Slot", strings.Replace(slot, "T14:30", "T13:30", 1)+"}")
}

// TestSCH33: staff may book what is too soon for others, for a reason.
func TestSCH33(t *testing.T) {
	c := openClinic(t)
	text := c.ask(200, "GET", "/Schedule/sch-lee", "").text
	c.ask(200, "PUT", "/Schedule/sch-lee", strings.Replace(text, `{"url":"timezone",`, `{"url":"minimumLeadTime","valueDuration":{"value":120,"code":"min"}},{"url":"timezone",`, 1))
	c.at("2026-03-03T12:30:00Z")
	c.refusedBooking(422, "outside-policy", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")), override("lead-time")))
	c.booking("office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
}

// TestPatchedAppointments: a patch is a write like any other, and so is a deletion.
func TestPatchedAppointments(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.booking("office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	patch := func(ops string) reply {
		return c.send("PATCH", "/Appointment/"+id, ops, "Content-Type: application/json-patch+json")
	}
	if r := patch(`[{"op":"replace","path":"/start","value":"2026-03-03T15:00:00Z"},{"op":"replace","path":"/end","value":"2026-03-03T15:30:00Z"}]`); r.status != 409 || r.at("issue.0.details.coding.0.code") != "slot-unavailable" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := patch(`[{"op":"replace","path":"/start","value":"2026-03-03T15:30:00Z"},{"op":"replace","path":"/end","value":"2026-03-03T16:00:00Z"}]`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.text)
	}
	c.amount(t, 2, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=2026-03-03T15:30:00Z")
	if r := patch(`[{"op":"remove","path":"/slot"}]`); r.status != 200 || r.at("slot.0.reference") == nil {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := patch(`[{"op":"replace","path":"/status","value":"cancelled"}]`); r.status != 200 || r.at("slot") != nil {
		t.Errorf("%d %s", r.status, r.text)
	}
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
	other := c.booking("office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Patient/p3")
	c.ask(204, "DELETE", "/Appointment/"+other, "")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestUnplaced: an appointment of somebody with several Schedules that does not say which takes the time in all of them, once.
func TestUnplaced(t *testing.T) {
	c := openClinic(t)
	list := c.together(10, func(i int) (string, string) {
		return "/Appointment", strings.Replace(visitOf("booked", "x", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-kim", fmt.Sprintf("Patient/p%d", i)), `"serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"x"}]}],`, "", 1)
	})
	c.counted(list, 1)
	c.refusedBooking(409, "slot-unavailable", "minor-procedure", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-kim", "Patient/p20")
}

// TestREM2ByOperations: reminders follow what $reschedule and $cancel do.
func TestREM2ByOperations(t *testing.T) {
	c := openClinic(t)
	c.stored(t, `{"resourceType":"Patient","id":"p1","telecom":[{"system":"email","value":"p1@example.org"}]}`)
	id := c.booking("office", "2026-03-13T13:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	about := "Task?code=appointment-reminder&focus=Appointment/" + id + "&status="
	c.drain(t)
	c.amount(t, 3, about+"draft")
	c.at("2026-03-06T14:00:00Z") // after quiet hours
	c.drain(t)
	c.amount(t, 2, about+"draft")
	c.amount(t, 1, "Communication?category=appointment-reminder")
	c.ask(200, "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-17T13:00:00Z")))
	c.drain(t)
	c.amount(t, 3, about+"draft")
	c.amount(t, 2, about+"cancelled")
	c.amount(t, 1, "Communication?category=appointment-reminder")
	c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	c.at("2026-03-17T13:00:00Z")
	c.drain(t)
	c.amount(t, 0, about+"draft")
	c.amount(t, 1, "Communication?category=appointment-reminder")
}

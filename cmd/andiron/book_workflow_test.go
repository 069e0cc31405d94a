package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestSCH22: who is here cannot be cancelled any more.
func TestSCH22(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.no(422, "too-early", "POST", "/Appointment/"+id+"/$no-show", "")
	text := c.ask(200, "GET", "/Appointment/"+id, "").text
	c.no(422, "too-early", "PUT", "/Appointment/"+id, strings.Replace(text, `"booked"`, `"noshow"`, 1))
	c.no(422, "illegal-transition", "PUT", "/Appointment/"+id, strings.Replace(text, `"booked"`, `"fulfilled"`, 1))
	c.ask(200, "PUT", "/Appointment/"+id, strings.Replace(text, `"booked"`, `"arrived"`, 1))
	c.no(422, "illegal-transition", "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	c.no(422, "illegal-transition", "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T15:00:00Z")))
	c.no(422, "illegal-transition", "PUT", "/Appointment/"+id, strings.Replace(text, `"booked"`, `"cancelled"`, 1))
	c.no(422, "illegal-transition", "PUT", "/Appointment/"+id, text)
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestSCH23: a visit by video says where.
func TestSCH23(t *testing.T) {
	c := openClinic(t)
	id := c.booking("virtual", "2026-03-03T18:00:00Z", 20, "Practitioner/nurse-joy", "Patient/p1")
	read := func() string {
		text := c.ask(200, "GET", "/Appointment/"+id, "").text
		_, rest, _ := strings.Cut(text, `"valueContactPoint":{`)
		contact, _, _ := strings.Cut(rest, "}")
		return contact
	}
	url := read()
	if !strings.Contains(url, `"value":"http`) {
		t.Fatalf("%q", url)
	}
	text := c.ask(200, "GET", "/Appointment/"+id, "").text
	c.ask(200, "PUT", "/Appointment/"+id, strings.Replace(text, `"status":"booked"`, `"comment":"x","status":"booked"`, 1))
	if read() != url {
		t.Errorf("%s, then %s", url, read())
	}
	c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	if read() != "" {
		t.Error("a cancelled visit can be joined")
	}
}

// TestSCH24 blocks a morning with two appointments in it.
func TestSCH24(t *testing.T) {
	c := openClinic(t)
	ids := []string{
		c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1"),
		c.booking("office", "2026-03-03T15:30:00Z", 30, "Practitioner/dr-lee", "Patient/p2"),
	}
	c.booking("office", "2026-03-03T18:00:00Z", 30, "Practitioner/dr-lee", "Patient/p3")
	block := func(how string) string {
		return withParams(`{"name":"period","valuePeriod":{"start":"2026-03-03T09:00:00-05:00","end":"2026-03-03T12:00:00-05:00"}}`, textParam("reason", "String", "ill"), textParam("on-conflict", "Code", how))
	}
	c.no(409, "bookings-exist", "POST", "/Schedule/sch-lee/$block", block("reject")) // SCH-25
	c.amount(t, 0, "Slot?status=busy-unavailable")
	r := c.ask(200, "POST", "/Schedule/sch-lee/$block", block("list"))
	c.is(r, "parameter.0.resource.status", "busy-unavailable", "parameter.1.valueReference.reference", "Appointment/"+ids[0], "parameter.2.valueReference.reference", "Appointment/"+ids[1], "parameter.3", nil)
	slot := fmt.Sprint(r.at("parameter.0.resource.id"))
	c.amount(t, 3, "Appointment?status=booked&date=2026-03-03")
	c.refusedBooking(409, "slot-unavailable", "office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Patient/p4")
	if n := len(c.leeOffers()); n != 7 {
		t.Errorf("%d offers are left", n)
	}
	c.ask(200, "POST", "/Schedule/sch-lee/$unblock", withParams(refParam("slot", "Slot/"+slot)))
	c.booking("office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Patient/p4")
	c.ask(200, "POST", "/Schedule/sch-lee/$block", block("cancel-and-notify"))
	for _, id := range ids {
		c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "status", "cancelled", "slot", nil)
	}
	c.amount(t, 3, "CommunicationRequest?status=active")
	c.amount(t, 3, "Appointment?status=waitlist")
	c.no(400, "period", "POST", "/Schedule/sch-lee/$block", withParams(`{"name":"period","valuePeriod":{"start":"2026-03-03T12:00:00Z","end":"2026-03-03T09:00:00Z"}}`, textParam("reason", "String", "ill")))
}

func waits(patient, created string, priority int) string {
	return withParams(resourceParam("appointment-resource", `{"resourceType":"Appointment","status":"proposed","created":"`+created+`","serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"office"}]}],
		"requestedPeriod":[{"start":"2026-03-03","end":"2026-03-03"}],"participant":[{"actor":{"reference":"Patient/`+patient+`"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr-lee"},"status":"needs-action"}]}`),
		fmt.Sprintf(`{"name":"priority","valueUnsignedInt":%d}`, priority))
}

// TestSCH26 offers a time that comes free to who waits for it, one after the other.
func TestSCH26(t *testing.T) {
	c := openClinic(t)
	c.ask(200, "POST", "/Schedule/sch-lee/$block", withParams(`{"name":"period","valuePeriod":{"start":"2026-03-03T10:00:00-05:00","end":"2026-03-03T17:00:00-05:00"}}`, textParam("reason", "String", "away")))
	c.booking("office", "2026-03-03T14:30:00Z", 30, "Practitioner/dr-lee", "Patient/p9")
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p0")
	second := fmt.Sprint(c.ask(200, "POST", "/Appointment/$waitlist", waits("p2", "2026-03-01T10:00:00Z", 1)).at("id"))
	c.ask(200, "POST", "/Appointment/$waitlist", waits("p3", "2026-03-01T11:00:00Z", 1))
	first := fmt.Sprint(c.ask(200, "POST", "/Appointment/$waitlist", waits("p1", "2026-03-02T10:00:00Z", 5)).at("id"))
	c.no(422, "duplicate", "POST", "/Appointment/$waitlist", waits("p1", "2026-03-02T10:00:00Z", 5))
	c.no(422, "no-candidate", "POST", "/Schedule/sch-lee/$fill-waitlist", "")
	c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	c.drain(t)
	c.is(c.ask(200, "GET", "/Appointment/"+first, ""), "status", "pending", "start", "2026-03-03T14:00:00Z")
	c.amount(t, 1, "CommunicationRequest?status=active&subject=Patient/p1")
	c.amount(t, 1, "Appointment?status=pending")
	c.at("2026-03-02T15:00:30Z")
	c.drain(t)
	c.is(c.ask(200, "GET", "/Appointment/"+first, ""), "status", "waitlist", "start", nil)
	c.is(c.ask(200, "GET", "/Appointment/"+second, ""), "status", "pending", "start", "2026-03-03T14:00:00Z")
	c.amount(t, 1, "CommunicationRequest?status=active&subject=Patient/p2")
	c.is(c.book(200, second, "p2"), "entry.0.resource.status", "booked")
	c.amount(t, 2, "Appointment?status=waitlist")
}

// nodes are more processes on the store of a clinic.
func (c *clinic) nodes(n int) []*clinic {
	c.t.Helper()
	all := []*clinic{c}
	for range n {
		next := &clinic{start(c.t, "ANDIRON_TEST_PROGRAM=1", c.cmd.Args[1:]...), c.t}
		next.at("2026-03-02T13:00:00Z")
		all = append(all, next)
	}
	return all
}

// TestSCH27 fills from several processes at once, and books.
func TestSCH27(t *testing.T) {
	c := openClinic(t)
	nodes := c.nodes(2)
	c.ask(200, "POST", "/Appointment/$waitlist", waits("p1", "2026-03-02T10:00:00Z", 5))
	send := func(path string, body func(int) string) (list []reply) {
		list = make([]reply, 18)
		var all sync.WaitGroup
		for i := range list {
			all.Go(func() { list[i] = nodes[i%3].send("POST", path, body(i)) })
		}
		all.Wait()
		return list
	}
	won := 0
	for _, r := range send("/Schedule/sch-lee/$fill-waitlist", func(int) string { return "" }) {
		switch r.status {
		case 200:
			won++
		case 422:
		default:
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	if won != 1 {
		t.Errorf("%d times are held", won)
	}
	c.amount(t, 1, "Slot?status=busy-tentative")
	c.counted(send("/Appointment", func(i int) string {
		return visitOf("booked", "office", "2026-03-05T14:00:00Z", 30, "Practitioner/dr-lee", fmt.Sprintf("Patient/p%d", i))
	}), 1)
	c.amount(t, 1, "Appointment?status=booked&date=2026-03-05")
}

// TestSCH28 books every week, over the change of clocks, all or none.
func TestSCH28(t *testing.T) {
	c := openClinic(t)
	series := func(patient string) string {
		a := visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/"+patient)
		return withParams(resourceParam("appointment-resource", strings.TrimSuffix(a, "}")+`,"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceTemplate","extension":[
			{"url":"recurrenceType","valueCodeableConcept":{"coding":[{"code":"wk"}]}},{"url":"occurrenceCount","valuePositiveInt":6},{"url":"weeklyTemplate","extension":[{"url":"tuesday","valueBoolean":true},{"url":"weekInterval","valuePositiveInt":1}]}]}]}`))
	}
	other := c.booking("office", "2026-03-17T13:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	r := c.ask(409, "POST", "/Appointment/$book-series", series("p1"))
	if !strings.Contains(r.text, "2026-03-17") || strings.Contains(r.text, "2026-03-24") {
		t.Errorf("%s", r.text)
	}
	c.amount(t, 1, "Appointment?status=booked&date=ge2026-03-03")
	c.ask(200, "POST", "/Appointment/"+other+"/$cancel", withParams(cancelForPatient))
	r = c.ask(200, "POST", "/Appointment/$book-series", series("p1"))
	c.is(r, "total", 6, "entry.0.resource.start", "2026-03-03T14:00:00Z", "entry.1.resource.start", "2026-03-10T13:00:00Z", "entry.5.resource.start", "2026-04-07T13:00:00Z")
	c.is(c.ask(200, "POST", fmt.Sprintf("/Appointment/%v/$cancel", r.at("entry.3.resource.id")), withParams(cancelForPatient, textParam("series", "Code", "this-and-following"))), "total", 3)
	c.amount(t, 3, "Appointment?status=booked&date=ge2026-03-03")
	c.amount(t, 3, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestSCH30: an appointment that was imported takes its time.
func TestSCH30(t *testing.T) {
	c := openClinic(t)
	c.ask(201, "POST", "/Appointment", `{"resourceType":"Appointment","status":"booked","start":"2026-03-03T10:00:00-05:00","end":"2026-03-03T10:30:00-05:00","participant":[{"actor":{"reference":"Practitioner/dr-lee"},"status":"accepted"},{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`)
	if n := len(c.leeOffers()); n != 13 {
		t.Errorf("%d offers", n)
	}
	c.refusedBooking(409, "slot-unavailable", "office", "2026-03-03T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
}

// TestPolicies is the table of domain.md §7.6.
func TestPolicies(t *testing.T) {
	c := openClinic(t)
	c.refusedBooking(422, "not-aligned", "office", "2026-03-03T14:10:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.refusedBooking(422, "wrong-duration", "office", "2026-03-03T14:00:00Z", 20, "Practitioner/dr-lee", "Patient/p1")
	c.refusedBooking(422, "in-the-past", "office", "2026-02-27T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.refusedBooking(422, "outside-policy", "office", "2027-12-07T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.refusedBooking(409, "slot-unavailable", "office", "2026-03-03T17:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.refusedBooking(400, "required", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee")
	for _, plain := range []struct {
		want          int
		detail, start string
		minutes       int
	}{{422, "not-aligned", "2026-03-03T14:10:00Z", 30}, {422, "wrong-duration", "2026-03-03T14:00:00Z", 20}, {422, "in-the-past", "2026-02-27T14:00:00Z", 30}, {422, "outside-policy", "2027-12-07T14:00:00Z", 30}, {409, "slot-unavailable", "2026-03-03T17:00:00Z", 30}} {
		c.no(plain.want, plain.detail, "POST", "/Appointment", visitOf("booked", "office", plain.start, plain.minutes, "Practitioner/dr-lee", "Patient/p1"))
	}
	c.ask(404, "POST", "/Appointment/$book", withParams(refParam("appointment-reference", "Appointment/none"), refParam("patient-reference", "Patient/p1")))
	c.ask(404, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee")), refParam("patient-reference", "Patient/none")))
	c.ask(400, "POST", "/Appointment/$book", withParams(refParam("patient-reference", "Patient/p1")))
	// history, and what other people's calendars have, is stored as it is
	c.ask(201, "POST", "/Appointment", visitOf("fulfilled", "office", "2020-02-27T14:07:00Z", 30, "Practitioner/dr-lee", "Patient/p1"))
	c.ask(201, "POST", "/Appointment", visitOf("booked", "office", "2020-02-27T14:07:00Z", 30, "Practitioner/pharm-paul", "Patient/p1"))
	// dry run
	a := withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")), `{"name":"dry-run","valueBoolean":true}`)
	c.ask(200, "POST", "/Appointment/$book", a)
	c.amount(t, 0, "Slot?schedule=Schedule/sch-lee&start=ge2026-03-03")
	// capacity can be overridden
	c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", visitOf("proposed", "office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")), override("capacity")))
	if r := c.ask(200, "GET", "/Slot?status=busy&schedule=Schedule/sch-lee&start=2026-03-03T14:00:00Z", ""); strings.Count(r.text, `"overbooked":true`) != 1 {
		t.Errorf("%s", r.text)
	}
}

// TestUsesOfBook: to change, to cancel, for somebody who is not known, and under Argonaut's names.
func TestUsesOfBook(t *testing.T) {
	c := openClinic(t)
	offers := c.leeOffers()
	who := resourceParam("patient-resource", `{"resourceType":"Patient","name":[{"family":"New"}],"birthDate":"1990-01-01"}`)
	r := c.ask(200, "POST", "/Appointment/$book", withParams(refParam("appointment-reference", "Appointment/"+offers[0]), who, textParam("comment", "String", "knee")))
	id := fmt.Sprint(r.at("entry.0.resource.id"))
	c.is(r, "entry.0.resource.comment", "knee")
	c.amount(t, 1, "Patient?family=New&active=false")
	c.amount(t, 1, "Task?code=verify-identity&status=requested")
	text := c.ask(200, "GET", "/Appointment/"+id, "").text
	r = c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", strings.Replace(text, `"knee"`, `"hip"`, 1))))
	c.is(r, "entry.0.resource.id", id, "entry.0.resource.comment", "hip", "entry.0.resource.start", "2026-03-03T14:00:00Z")
	moved := strings.NewReplacer("T14:00:00", "T15:00:00", "T14:30:00", "T15:30:00").Replace(text)
	r = c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", moved)))
	c.is(r, "entry.0.resource.id", id, "entry.0.resource.start", "2026-03-03T15:00:00Z", "entry.0.resource.status", "booked")
	c.amount(t, 1, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
	off := strings.Replace(moved, `"status":"booked"`, `"status":"cancelled","cancelationReason":{"coding":[{"code":"pat"}]}`, 1)
	c.is(c.ask(200, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", off))), "entry.0.resource.status", "cancelled")
	c.amount(t, 0, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
	argonaut := c.ask(200, "POST", "/Appointment/$book", withParams(textParam("appt-id", "Uri", "Appointment/"+offers[2]), textParam("patient-id", "Uri", "Patient/p1")))
	c.is(argonaut, "entry.0.resource.status", "booked", "entry.0.resource.start", "2026-03-03T15:00:00Z")
	next := c.ask(200, "POST", "/Appointment/$book", withParams(textParam("appt-id", "Uri", "Appointment/"+offers[3]), textParam("patient-id", "Uri", "Patient/p1"), textParam("cancelled-appt-id", "Uri", fmt.Sprintf("Appointment/%v", argonaut.at("entry.0.resource.id")))))
	c.is(next, "entry.0.resource.status", "booked")
	c.is(c.ask(200, "GET", fmt.Sprintf("/Appointment/%v", argonaut.at("entry.0.resource.id")), ""), "status", "cancelled")
}

// TestResponses: an AppointmentResponse takes effect.
func TestResponses(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	answer := func(actor, status string) {
		c.ask(201, "POST", "/AppointmentResponse", `{"resourceType":"AppointmentResponse","appointment":{"reference":"Appointment/`+id+`"},"actor":{"reference":"`+actor+`"},"participantStatus":"`+status+`"}`)
	}
	answer("Practitioner/dr-lee", "tentative")
	c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "status", "booked", "participant.0.status", "tentative")
	answer("Patient/p1", "declined")
	c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "status", "cancelled", "cancelationReason.coding.0.code", "pat-crs")
	c.amount(t, 0, "Slot?status=busy&schedule=Schedule/sch-lee&start=ge2026-03-03")
}

// TestNoShow marks who did not come, and lets them arrive late on the same day.
func TestNoShow(t *testing.T) {
	c := openClinic(t)
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.at("2026-03-03T14:19:00Z")
	c.drain(t)
	c.is(c.ask(200, "GET", "/Appointment/"+id, ""), "status", "booked")
	c.at("2026-03-03T14:20:30Z")
	c.drain(t)
	r := c.ask(200, "GET", "/Appointment/"+id, "")
	c.is(r, "status", "noshow")
	c.amount(t, 1, "Task?code=no-show-outreach&status=requested")
	c.at("2026-03-04T14:00:00Z")
	c.no(422, "illegal-transition", "PUT", "/Appointment/"+id, strings.Replace(r.text, `"noshow"`, `"arrived"`, 1))
	id = c.booking("office", "2026-03-04T15:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.at("2026-03-04T15:25:00Z")
	c.is(c.ask(200, "POST", "/Appointment/"+id+"/$no-show", ""), "status", "noshow")
	c.ask(200, "PUT", "/Appointment/"+id, strings.Replace(c.ask(200, "GET", "/Appointment/"+id, "").text, `"noshow"`, `"arrived"`, 1))
}

// TestTopicsOfAppointments: the events of §5.2 are raised by operations as by plain writes.
func TestTopicsOfAppointments(t *testing.T) {
	c := openClinic(t)
	for _, topic := range []string{"appointment-proposed-requested", "appointment-booked", "appointment-changed", "appointment-cancelled", "appointment-hold-expired", "appointment-noshow", "slot-released"} {
		c.stored(t, `{"resourceType":"ActivityDefinition","id":"a-`+topic+`","url":"http://example.org/a-`+topic+`","status":"active","kind":"Task","code":{"coding":[{"code":"`+topic+`"}]}}`)
		c.stored(t, `{"resourceType":"PlanDefinition","id":"r-`+topic+`","url":"http://example.org/r-`+topic+`","status":"active","type":{"coding":[{"code":"eca-rule"}]},
			"action":[{"trigger":[{"type":"named-event","name":"`+topic+`"}],"definitionCanonical":"http://example.org/a-`+topic+`"}]}`)
	}
	c.drain(t)
	offers := c.leeOffers()
	c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[5]), refParam("patient-reference", "Patient/p5")))
	id := c.booking("office", "2026-03-03T14:00:00Z", 30, "Practitioner/dr-lee", "Patient/p1")
	c.ask(200, "POST", "/Appointment/"+id+"/$reschedule", withParams(textParam("start", "DateTime", "2026-03-03T15:00:00Z")))
	c.ask(200, "POST", "/Appointment/"+id+"/$cancel", withParams(cancelForPatient))
	c.booking("office", "2026-03-03T16:00:00Z", 30, "Practitioner/dr-lee", "Patient/p2")
	c.drain(t)
	c.at("2026-03-02T14:00:00Z")
	c.drain(t)
	c.at("2026-03-03T16:30:00Z")
	c.drain(t)
	for topic, want := range map[string]int{"appointment-proposed-requested": 1, "appointment-booked": 2, "appointment-changed": 1, "appointment-cancelled": 2, "appointment-hold-expired": 1, "appointment-noshow": 1, "slot-released": 3} {
		if got := c.total(t, "Task?code="+topic); got != want {
			t.Errorf("%s: %d, want %d", topic, got, want)
		}
	}
}

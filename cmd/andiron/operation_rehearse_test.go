package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rehearsal is how an operation is called to see what it would do.
type rehearsal struct {
	on   string   // where it is called, by the level
	more []string // what it is called with, besides dry-run
	want int      // 200 where it is not said
}

// TestEveryDryRun calls each operation of this server's own that changes something with dry-run, on something that it can be carried out for: it
// succeeds, the answer says what it is, and nothing is there afterwards that was not there before.
func TestEveryDryRun(t *testing.T) {
	c := openClinic(t)
	calls := c.rehearsals()
	c.drain(t)
	before := c.newest(t)
	for _, d := range announced(t, func(t *testing.T, method, path, body string) (int, string) { return c.do(t, method, path, body) }) {
		if !d.AffectsState || !strings.HasPrefix(d.URL, c.url) {
			continue
		}
		list, known := calls[d.ID]
		if !known {
			t.Errorf("%s: say in rehearsals how it is called", d.ID)
		}
		for _, r := range list {
			t.Run(d.ID, func(t *testing.T) { c.rehearse(t, r.on+"/$"+d.Code, r) })
		}
		delete(calls, d.ID)
	}
	c.drain(t)
	if after := c.newest(t); after != before {
		t.Errorf("a dry run was an event: %s", after)
	}
	for id := range calls {
		t.Errorf("%s is not announced", id)
	}
}

func (s *running) rehearse(t *testing.T, path string, r rehearsal) {
	if r.want == 0 {
		r.want = http.StatusOK
	}
	before := s.newest(t)
	status, body := s.do(t, http.MethodPost, path, withParams(append([]string{`{"name":"dry-run","valueBoolean":true}`}, r.more...)...))
	if said := strings.Contains(body, `"code":"informational"`) && strings.Contains(body, `"code":"dry-run"`); status != r.want || said != (status < 300) {
		t.Errorf("its dry run: %d %s", status, body)
	}
	if after := s.newest(t); after != before {
		t.Errorf("its dry run has changed something: %s", after)
	}
}

// newest is the last version of all and where it is in the order of versions; the head of the Bundle is of the moment.
func (s *running) newest(t *testing.T) string {
	t.Helper()
	status, bundle := s.do(t, http.MethodGet, "/_history?_count=1", "")
	_, version, there := strings.Cut(bundle, `"link":`)
	if status != http.StatusOK || !there || !strings.Contains(version, `"entry":`) {
		t.Fatalf("%d %s", status, bundle)
	}
	return version
}

// rehearsals are the calls, by the ids of the definitions, and what they are about.
func (c *clinic) rehearsals() map[string][]rehearsal {
	t := c.t
	reason := textParam("reason", "String", "a test")
	why := `{"name":"reason","valueCodeableConcept":{"text":"a test"}}`
	patient := func(id string) string { return refParam("patient", "Patient/"+id) }

	// The calendar: two who are booked, one of them for now, one who did not come, one who waits, an absence, an offer and a hold.
	const dr = "Practitioner/dr-lee"
	today := c.booking("office", "2026-03-02T14:30:00Z", 30, dr, "Patient/p1")
	later := c.booking("office", "2026-03-03T14:00:00Z", 30, dr, "Patient/p2")
	c.ask(200, "POST", "/Appointment/$waitlist", waits("p3", "2026-03-01T10:00:00Z", 1))
	away := func(day string) []string {
		return []string{`{"name":"period","valuePeriod":{"start":"` + day + `T09:00:00-05:00","end":"` + day + `T12:00:00-05:00"}}`, reason}
	}
	absence := fmt.Sprint(c.ask(200, "POST", "/Schedule/sch-lee/$block", withParams(away("2026-03-05")...)).at("parameter.0.resource.id"))
	visit := visitOf("proposed", "office", "2026-03-10T14:00:00Z", 30, dr, "Patient/p4")
	series := strings.TrimSuffix(visit, "}") + `,"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceTemplate","extension":[
		{"url":"recurrenceType","valueCodeableConcept":{"coding":[{"code":"wk"}]}},{"url":"occurrenceCount","valuePositiveInt":3},{"url":"weeklyTemplate","extension":[{"url":"tuesday","valueBoolean":true},{"url":"weekInterval","valuePositiveInt":1}]}]}]}`
	c.stored(t, `{"resourceType":"Practitioner","id":"lee"}`) // who has no Schedule: the server does not say by itself that somebody did not come
	c.stored(t, bookedAt("missed", "booked", "p7", time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC), inOffice))
	c.at("2026-03-02T14:20:00Z")
	offers := c.leeOffers()
	offer := refParam("appointment-reference", "Appointment/"+offers[0])
	held := fmt.Sprint(c.ask(200, "POST", "/Appointment/$hold", withParams(refParam("appointment-reference", "Appointment/"+offers[1]), refParam("patient-reference", "Patient/p6"))).at("entry.0.resource.id"))

	// The wards: two stays, one that is interrupted, one that is over, one that is planned, and a bed that is free.
	for _, bed := range []string{"bed-104", "bed-105"} {
		c.stored(t, `{"resourceType":"Location","id":"`+bed+`","status":"active","name":"`+bed+`","operationalStatus":{"system":"http://terminology.hl7.org/CodeSystem/v2-0116","code":"U"},
			"physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"bd"}]},"partOf":{"reference":"Location/ward-a"}}`)
	}
	stay, other, gone, over := c.admitted(t, "p10", "bed-101"), c.admitted(t, "p11", "bed-102"), c.admitted(t, "p12", "bed-103"), c.admitted(t, "p13", "bed-105")
	c.ask(200, "POST", "/Encounter/"+gone+"/$leave", "")
	c.ask(200, "POST", "/Encounter/"+over+"/$discharge", operands(home))
	c.stored(t, `{"resourceType":"Encounter","id":"planned","status":"planned","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p14"}}`)
	free := refParam("location", "Location/bed-104")

	// Tasks, and somebody whose two records were made one.
	for _, id := range []string{"offered", "taken"} {
		c.stored(t, `{"resourceType":"Task","id":"`+id+`","status":"`+map[string]string{"offered": "requested", "taken": "in-progress"}[id]+`","intent":"order"}`)
	}
	owner := refParam("owner", "Practitioner/nurse-joy")
	c.demand(t, 200, "/Patient/$merge", withParams(refParam("source-patient", "Patient/p20"), refParam("target-patient", "Patient/p21")))
	merge := c.ask(200, "GET", "/Provenance?target=Patient/p20", "").at("entry.0.resource.id")

	one := func(on string, more ...string) []rehearsal { return []rehearsal{{on: on, more: more}} }
	return map[string][]rehearsal{
		"Appointment-book":        {{on: "/Appointment", more: []string{offer, refParam("patient-reference", "Patient/p5")}}, {on: "/Appointment", more: []string{resourceParam("appointment-resource", visit)}}},
		"Appointment-book-series": one("/Appointment", resourceParam("appointment-resource", series)),
		"Appointment-cancel": {{on: "/Appointment/" + later, more: []string{cancelForPatient}},
			{on: "/Appointment", more: []string{cancelForPatient, refParam("appointment-reference", "Appointment/"+later)}}},
		"Appointment-check-in":       one("/Appointment/" + today),
		"Appointment-confirm":        one("/Appointment/" + held),
		"Appointment-hold":           one("/Appointment", offer),
		"Appointment-no-show":        one("/Appointment/missed"),
		"Appointment-reschedule":     one("/Appointment/"+later, textParam("start", "DateTime", "2026-03-04T15:00:00Z")),
		"Appointment-waitlist":       one("/Appointment", resourceParam("appointment-resource", strings.Replace(visit, `"status":"proposed"`, `"status":"proposed","requestedPeriod":[{"start":"2026-03-10","end":"2026-03-12"}]`, 1))),
		"Encounter-admit":            one("/Encounter", patient("p15"), free),
		"Encounter-cancel":           one("/Encounter/planned", why),
		"Encounter-discharge":        one("/Encounter/"+stay, `{"name":"disposition","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/discharge-disposition","code":"home"}]}}`),
		"Encounter-leave":            one("/Encounter/"+stay, reason),
		"Encounter-reopen":           one("/Encounter/"+over, reason, free),
		"Encounter-return":           one("/Encounter/" + gone),
		"Encounter-swap-beds":        one("/Encounter", refParam("encounter", "Encounter/"+stay), refParam("encounter", "Encounter/"+other)),
		"Encounter-transfer":         {{on: "/Encounter/" + stay, more: []string{free}}, {on: "/Encounter/" + stay, more: []string{refParam("location", "Location/bed-102")}, want: 409}},
		"Encounter-walk-in":          one("/Encounter", patient("p16"), refParam("service", "HealthcareService/hs-urgent")),
		"Location-housekeeping-done": one("/Location/bed-105"),
		"Patient-register":           one("/Patient", evaNew, refParam("managing-organization", "Organization/org-hosp")),
		"Patient-unmerge":            one("/Patient/p20", refParam("merge-provenance", fmt.Sprintf("Provenance/%v", merge))),
		"PlanDefinition-raise-event": one("/PlanDefinition", textParam("name", "String", "some-event")),
		"Schedule-block":             one("/Schedule/sch-lee", append(away("2026-03-03"), textParam("on-conflict", "Code", "cancel-and-notify"))...),
		"Schedule-fill-waitlist":     one("/Schedule/sch-lee"),
		"Schedule-unblock":           one("/Schedule/sch-lee", refParam("slot", "Slot/"+absence)),
		"Task-claim":                 one("/Task/offered", owner),
		"Task-complete":              one("/Task/taken"),
		"Task-delegate":              one("/Task/taken", owner, reason),
		"andiron-async-cancel":       {{more: []string{textParam("job", "String", "none")}, want: 404}},
		"andiron-reindex":            {{}, {on: "/Patient"}},
	}
}

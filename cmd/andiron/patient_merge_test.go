package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/demo"
)

// patientNow reads a Patient.
func (s *running) patientNow(t testing.TB, id string) (p outcomePatient) {
	t.Helper()
	status, text := s.do(t, http.MethodGet, "/Patient/"+id, "")
	if err := json.Unmarshal([]byte(text), &p); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v %s", status, err, text)
	}
	return p
}

// TestREG7 merges two records of one person.
func TestREG7(t *testing.T) {
	s := startHospital(t)
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"tell","url":"http://example.org/tell","status":"active","kind":"Task","code":{"coding":[{"code":"tell"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"tell","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"patient-merged"}],"definitionCanonical":"http://example.org/tell"}]}`)
	a := s.demand(t, 200, "/Patient/$merge", withParameters(dupIntoAna))
	if len(a.Parameter) != 3 || a.Parameter[2].Name != "result" || a.Parameter[2].Resource.ID != "pat-ana" {
		t.Fatalf("%+v", a)
	}
	s.amount(t, 3, "Observation?subject=Patient/pat-ana")
	s.amount(t, 0, "Observation?subject=Patient/pat-dup")
	dup, ana := s.patientNow(t, "pat-dup"), s.patientNow(t, "pat-ana")
	if dup.Active || len(dup.Link) != 1 || dup.Link[0].Type != "replaced-by" || dup.Link[0].Other.Reference != "Patient/pat-ana" {
		t.Errorf("%+v", dup)
	}
	if !ana.Active || len(ana.Link) != 1 || ana.Link[0].Type != "replaces" || len(ana.Identifier) != 2 || ana.Identifier[1].Use != "old" {
		t.Errorf("%+v", ana)
	}
	if status, text := s.do(t, http.MethodGet, "/Observation/obs-dup-1/_history", ""); status != 200 || !strings.Contains(text, `"total":2`) {
		t.Errorf("%d %s", status, text)
	}
	s.drain(t)
	s.amount(t, 1, "Task?code=tell")
	// And taken back, as long as that may be.
	status, text := s.do(t, http.MethodGet, "/Provenance?target=Patient/pat-dup", "")
	var found outcomeOf
	if err := json.Unmarshal([]byte(text), &found); err != nil || status != 200 || len(found.Entry) != 1 {
		t.Fatalf("%d %s", status, text)
	}
	back := withParameters(`{"name":"merge-provenance","valueReference":{"reference":"Provenance/` + found.Entry[0].Resource.ID + `"}}`)
	s.setClock(t, time.Date(2026, 4, 2, 13, 0, 0, 0, time.UTC))
	s.demand(t, 422, "/Patient/pat-dup/$unmerge", back)
	s.setClock(t, time.Date(2026, 3, 31, 13, 0, 0, 0, time.UTC))
	s.demand(t, 200, "/Patient/pat-dup/$unmerge", back)
	s.amount(t, 1, "Observation?subject=Patient/pat-ana")
	if dup := s.patientNow(t, "pat-dup"); !dup.Active || len(dup.Link) != 0 {
		t.Errorf("%+v", dup)
	}
}

// TestREG8 asks what a merge would do.
func TestREG8(t *testing.T) {
	s := startHospital(t)
	a := s.demand(t, 200, "/Patient/$merge", withParameters(dupIntoAna+`,{"name":"preview","valueBoolean":true}`))
	if issues := a.Parameter[1].Resource.Issue; len(issues) != 1 || issues[0].Details.Text != "2 Observation" || issues[0].Diagnostics != `{"count":2,"type":"Observation"}` {
		t.Errorf("%+v", issues)
	}
	if dup := s.patientNow(t, "pat-dup"); !dup.Active || len(dup.Link) != 0 {
		t.Errorf("%+v", dup)
	}
	s.amount(t, 2, "Observation?subject=Patient/pat-dup")
	s.amount(t, 0, "Provenance")
}

// TestREG9 merges two who are booked at the same time.
func TestREG9(t *testing.T) {
	s := startHospital(t)
	for id, patient := range map[string]string{"app-ana": "pat-ana", "app-dup": "pat-dup"} {
		s.stored(t, `{"resourceType":"Appointment","id":"`+id+`","status":"booked","start":"2026-03-10T15:00:00Z","end":"2026-03-10T15:30:00Z","participant":[{"actor":{"reference":"Patient/`+patient+`"},"status":"accepted"}]}`)
	}
	a := s.demand(t, 200, "/Patient/$merge", withParameters(dupIntoAna))
	warned := false
	for _, issue := range a.Parameter[1].Resource.Issue {
		if issue.Severity == "warning" && strings.Contains(issue.Diagnostics, "Appointment/app-ana") && strings.Contains(issue.Diagnostics, "Appointment/app-dup") {
			warned = true
		}
	}
	if !warned {
		t.Errorf("%+v", a.Parameter[1].Resource.Issue)
	}
	s.amount(t, 2, "Appointment?patient=Patient/pat-ana&status=booked")
	// Two who are both in bed are not one.
	s.stored(t, `{"resourceType":"Patient","id":"pat-x"}`)
	for id, patient := range map[string]string{"stay-ana": "pat-ana", "stay-x": "pat-x"} {
		s.stored(t, `{"resourceType":"Encounter","id":"`+id+`","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/`+patient+`"},"period":{"start":"2026-03-02T12:00:00Z"}}`)
	}
	out := s.demand(t, 409, "/Patient/$merge", withParameters(`{"name":"source-patient","valueReference":{"reference":"Patient/pat-x"}},{"name":"target-patient","valueReference":{"reference":"Patient/pat-ana"}}`))
	if out.Issue[0].Code != "conflict" || out.Issue[0].Details.Coding[0].Code != "open-stays" {
		t.Errorf("%+v", out.Issue)
	}
}

// TestMergeOfBooked merges two who have appointments in the calendars of this server, at the same time: the rules that keep one patient from
// being booked twice do not stand in the way, and the calendars stay as they are.
func TestMergeOfBooked(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	s.setClock(t, time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		s.demand(t, 200, "/", string(b.JSON()))
	}
	book := func(want int, doctor, kind, patient string) string {
		return s.demand(t, want, "/Appointment", `{"resourceType":"Appointment","status":"booked","serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"`+kind+`"}]}],
			"start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z","participant":[{"actor":{"reference":"Practitioner/`+doctor+`"},"status":"accepted"},{"actor":{"reference":"Patient/`+patient+`"},"status":"accepted"}]}`).ID
	}
	kept, moved := book(201, "dr-lee", "office", "pat-ana"), book(201, "dr-kim", "minor-procedure", "pat-dup")
	book(409, "dr-kim", "minor-procedure", "pat-ana")
	slots := s.total(t, "Slot?status=busy")
	a := s.demand(t, 200, "/Patient/$merge", withParameters(dupIntoAna))
	warned := false
	for _, issue := range a.Parameter[1].Resource.Issue {
		warned = warned || issue.Severity == "warning" && strings.Contains(issue.Diagnostics, kept) && strings.Contains(issue.Diagnostics, moved)
	}
	if !warned {
		t.Errorf("%+v", a.Parameter[1].Resource.Issue)
	}
	s.amount(t, 2, "Appointment?patient=Patient/pat-ana&status=booked&date=2026-03-03")
	s.amount(t, slots, "Slot?status=busy")
	book(409, "dr-kim", "minor-procedure", "pat-ben")
}

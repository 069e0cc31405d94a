package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// history enters events of several people and kinds. It returns a day by which half of them were recorded.
func (h *hospital) history() {
	h.t.Helper()
	h.ward()                                 // j-1-1, j-1-2, j-1-3: Patient/a, Patient/b, nobody
	h.must("GET", "/Patient/a", "")          // j-2
	h.must("GET", "/Patient?family=Fox", "") // j-3-1 a, j-3-2 b
	h.do("GET", "/Patient/none", "")         // j-4, refused
	h.who = &smart.Principal{Subject: "user:n", Name: "Nora Quill", FhirUser: "Patient/a", ClientID: "portal", Address: "2001:db8::7", Purpose: "PATRQT"}
	h.must("GET", "/Observation/o1", "") // j-5
	h.count()                            // the write would overtake the reads
	h.who = &smart.Principal{Subject: "client:lab", Name: "Lab", ClientID: "lab"}
	h.must("PUT", "/Observation/o2", `{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"z"},"subject":{"reference":"Patient/b"}}`)         // j-6
	if err := h.trail.Record(h.t.Context(), &audit.Event{Kind: audit.Login, Subject: "user:u1", Name: "Ada Gregory", FhirUser: "Practitioner/ada"}); err != nil { // j-7
		h.t.Fatal(err)
	}
	if err := h.trail.Record(h.t.Context(), &audit.Event{Kind: audit.Token, Subtype: "reuse", Outcome: 8, Subject: "client:lab", ClientID: "lab"}); err != nil { // j-8
		h.t.Fatal(err)
	}
	h.who = nil // so that looking does not add to it
}

// ids are the ids of what a search finds, over all pages.
func (h *hospital) ids(query string) string {
	h.t.Helper()
	var ids []string
	for path := "/AuditEvent?" + query; path != ""; {
		a := h.do("GET", path, "")
		if a.err != nil {
			return string(fhir.CodeOf(a.err))
		}
		list, next := a.found()
		for _, r := range list {
			ids = append(ids, strings.TrimPrefix(r.ID(), "j-"))
		}
		path = next
	}
	return strings.Join(ids, " ")
}

// TestSearch: AuditEvents are found by what R4 defines, newest first.
func TestSearch(t *testing.T) {
	h := open(t)
	h.history()
	for query, want := range map[string]string{
		"":                                    "8 7 6 5 4 3-1 3-2 2 1-1 1-2 1-3",
		"_sort=date":                          "1-1 1-2 1-3 2 3-1 3-2 4 5 6 7 8",
		"_sort=-date":                         "8 7 6 5 4 3-1 3-2 2 1-1 1-2 1-3",
		"_sort=_lastUpdated":                  "1-1 1-2 1-3 2 3-1 3-2 4 5 6 7 8",
		"_sort=agent":                         "not-supported",
		"_sort=date,-_lastUpdated":            "not-supported",
		"patient=a":                           "5 3-1 2 1-1",
		"patient=Patient/a":                   "5 3-1 2 1-1",
		"patient=" + base + "/Patient/a":      "5 3-1 2 1-1",
		"patient=Patient/a,Patient/b":         "6 5 3-1 3-2 2 1-1 1-2",
		"patient=Patient/a&patient=b":         "",
		"patient=none":                        "4",
		"patient=Practitioner/ada":            "",
		"patient:missing=true":                "8 7 1-3",
		"entity=Patient/b":                    "6 3-2 1-2",
		"entity=Observation/o1":               "5 1-1",
		"entity=Observation/o1/_history/1":    "5 1-1",
		"entity=Observation/o1/_history/2":    "",
		"agent=Practitioner/ada":              "7 4 3-1 3-2 2 1-1 1-2 1-3",
		"agent=Patient/a":                     "5",
		"agent=ada":                           "7 4 3-1 3-2 2 1-1 1-2 1-3",
		"agent=Practitioner/none":             "",
		"agent:identifier=lab":                "8 6",
		"altid=client:lab":                    "8 6",
		"altid=user:u1":                       "7 4 3-1 3-2 2 1-1 1-2 1-3",
		"agent-name=nora":                     "5",
		"agent-name:contains=gory":            "7 4 3-1 3-2 2 1-1 1-2 1-3",
		"agent-role=practitioner":             "4 3-1 3-2 2 1-1 1-2 1-3",
		"address=2001:db8::7":                 "5",
		"policy=tok-1":                        "4 3-1 3-2 2 1-1 1-2 1-3",
		"type=rest":                           "6 5 4 3-1 3-2 2 1-1 1-2 1-3",
		"type=110114":                         "8 7",
		"type:not=rest":                       "8 7",
		"subtype=read":                        "5 4 2",
		"subtype=110122":                      "7",
		"subtype=reuse":                       "8",
		"action=E":                            "8 7 3-1 3-2 1-1 1-2 1-3",
		"action=R":                            "5 4 2",
		"action=R,U":                          "6 5 4 2",
		"outcome=4":                           "4",
		"outcome=8,12":                        "8",
		"outcome=0&action=R":                  "5 2",
		"outcome=4,0&action=R":                "5 4 2",
		"outcome:not=0":                       "8 4",
		"entity-type=XrequestId&action=R":     "4 2",
		"entity-role=24":                      "3-1 3-2",
		"source:identifier=" + base:           "8 7 6 5 4 3-1 3-2 2 1-1 1-2 1-3",
		"_id=j-3-2":                           "3-2",
		"_id=j-3-2,j-5,j-3-2,x":               "5 3-2",
		"_id=none":                            "",
		"_id=j-2&patient=b":                   "",
		"date=ge2999":                         "",
		"date=lt2999":                         "8 7 6 5 4 3-1 3-2 2 1-1 1-2 1-3",
		"date=lt2001":                         "",
		"date=ne2001&outcome=8":               "8",
		"_lastUpdated=gt2001&outcome=8":       "8",
		"date=x":                              "invalid",
		"patient.family=fox":                  "6 5 3-1 3-2 2 1-1 1-2",
		"patient.family=nobody":               "",
		"agent:Practitioner._id=ada":          "7 4 3-1 3-2 2 1-1 1-2 1-3",
		"_has:Provenance:target:agent=x":      "not-supported",
		"_list=x":                             "not-supported",
		"_filter=patient eq Patient/b":        "6 3-2 1-2",
		"_filter=action eq R or outcome eq 8": "8 5 4 2",
		"_filter=not (patient eq Patient/a) and type eq rest": "6 4 3-2 1-2 1-3",
		"_count=0":           "",
		"bogus=1&outcome=8":  "8",
		"patient=a&action=R": "5 2",
	} {
		for _, count := range []string{"", "&_count=1", "&_count=3"} {
			if query == "_count=0" && count != "" {
				continue
			}
			if got := h.ids(strings.ReplaceAll(query, " ", "%20") + count); got != want {
				t.Errorf("%s%s: %s, want %s", query, count, got, want)
			}
		}
	}
}

// TestTotals: matches are counted when that is asked for.
func TestTotals(t *testing.T) {
	h := open(t)
	h.history()
	for query, want := range map[string]int{
		"_count=0": 11, "_summary=count&patient=a": 4, "_total=accurate&_count=2": 11, "_total=estimate&patient=b&_count=1": 3, "_count=2": -1, "_count=50": 11, "patient=zzz": 0,
	} {
		if got := h.must("GET", "/AuditEvent?"+query, "").Bundle.Total; got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// TestElsewhere: what other searches make of AuditEvents.
func TestElsewhere(t *testing.T) {
	h := open(t)
	h.history()
	found := func(path string) string {
		a := h.do("GET", path, "")
		if a.err != nil {
			return string(fhir.CodeOf(a.err))
		}
		var list []string
		for _, e := range a.Bundle.Entries {
			if e.Mode != fhir.ModeOutcome {
				list = append(list, e.Resource.Reference())
			}
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	for path, want := range map[string]string{
		"/?_type=AuditEvent&_count=2":                    "AuditEvent/j-7 AuditEvent/j-8",
		"/?_type=AuditEvent,Patient":                     "not-supported",
		"/?_type=Patient":                                "Patient/a Patient/b",
		"/Patient/b/AuditEvent":                          "AuditEvent/j-1-2 AuditEvent/j-3-2 AuditEvent/j-6",
		"/Patient/b/*":                                   "Observation/o2 Patient/b",
		"/Patient?_id=b&_revinclude=AuditEvent:patient":  "AuditEvent/j-1-2 AuditEvent/j-3-2 AuditEvent/j-6 Patient/b",
		"/AuditEvent?_id=j-5&_include=AuditEvent:entity": "AuditEvent/j-5 Observation/o1 Patient/a",
		"/Practitioner/ada/AuditEvent?subtype=read":      "AuditEvent/j-2 AuditEvent/j-4",
		"/Patient?_has:AuditEvent:patient:subtype=read":  "", // engines look for what is stored
	} {
		if got := found(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestStable: pages go on where they were, whatever is entered meanwhile; and a search sees what was entered just before it.
func TestStable(t *testing.T) {
	h := open(t)
	h.history()
	a := h.must("GET", "/AuditEvent?_count=4", "")
	list, next := a.found()
	h.who = doctor()
	for range 9 {
		h.must("GET", "/Patient/a", "")
	}
	h.who = nil
	rest, _ := h.must("GET", next, "").found()
	if len(list) != 4 || list[3].ID() != "j-5" || rest[0].ID() != "j-4" || rest[1].ID() != "j-3-1" {
		t.Errorf("%s, then %s", list[3].ID(), rest[0].ID())
	}
	if got := h.newest().Get("id").Text(); got != "j-17" {
		t.Errorf("the newest is %s", got)
	}
}

// TestLarge: an event of many patients, and a search that has to look at many events.
func TestLarge(t *testing.T) {
	h := open(t)
	var all []string
	for i := range 3000 {
		all = append(all, fmt.Sprint("p", i))
	}
	entries := []*fhir.JournalEntry{(&audit.Event{Kind: audit.Rest, Subtype: "search-type", Query: "Patient?x=y", Patients: all, Subject: "user:x"}).Entry()}
	for i := range 25_000 {
		entries = append(entries, (&audit.Event{Kind: audit.Rest, Subtype: "read", Patients: []string{fmt.Sprint("q", i%7)}, Subject: "user:x"}).Entry())
	}
	if err := h.inner.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	h.who = nil
	begin := time.Now()
	if got := h.ids("patient=p2999"); got != "1-3000" {
		t.Error(got)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the patient was looked for %v", took)
	}
	if list, next := h.must("GET", "/AuditEvent?action=E&patient:missing=true", "").found(); len(list) != 0 || next == "" {
		t.Errorf("%d found, the next page is %q", len(list), next)
	}
	if got := h.ids("action=E&_id=j-1-7"); got != "1-7" {
		t.Error(got)
	}
	list, next := h.must("GET", "/AuditEvent?_sort=date&_count=1000", "").found()
	if len(list) != 1000 || list[999].ID() != "j-1-1000" {
		t.Errorf("%d %s", len(list), list[len(list)-1].ID())
	}
	if list, _ = h.must("GET", next, "").found(); list[0].ID() != "j-1-1001" {
		t.Error(list[0].ID())
	}
}

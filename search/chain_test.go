package search_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// TestChainTypes: a chain without types leads to those that have the rest of it.
func TestChainTypes(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string]string{
		"Observation?subject.name=a":                "Location Patient",
		"Observation?subject.code=a":                "Group",
		"Observation?subject.gender=a":              "Patient",
		"Observation?subject._id=a":                 "Device Group Location Patient",
		"Observation?patient.name=a":                "Patient",
		"Patient?general-practitioner.name=a":       "Organization Practitioner",
		"Patient?general-practitioner.family=a":     "Practitioner",
		"Patient?general-practitioner.partof._id=a": "Organization",
	} {
		q, _, err := parse(t, p, query, search.Options{})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var types []string
		for _, link := range q.Where[0].(*search.Chain).Links {
			types = append(types, link.Type)
		}
		if got := strings.Join(types, " "); got != want {
			t.Errorf("%s leads to %s, want %s", query, got, want)
		}
	}
}

// TestChainsAreBounded: what clients can write leads neither to a search without end nor to an answer that repeats patient data.
func TestChainsAreBounded(t *testing.T) {
	p := newParams(t)
	long := strings.Repeat("Secret,", 999) + "Secret"
	for query, want := range map[string]fhir.IssueType{
		"Organization?" + strings.Repeat("partof.", 8) + "name=Secret":            "",
		"Organization?" + strings.Repeat("partof.", 9) + "name=Secret":            fhir.TooCostly,
		"Organization?" + strings.Repeat("partof.", 1000) + "name=Secret":         fhir.TooCostly,
		"Patient?" + strings.Repeat("_has:Patient:link:", 9) + "name=Secret":      fhir.TooCostly,
		"Patient?" + strings.Repeat("_has:Patient:link:link.", 5) + "name=Secret": fhir.TooCostly,
		"ActivityDefinition?" + strings.Repeat("composed-of.", 8) + "_id=Secret":  fhir.TooCostly,
		"ActivityDefinition?" + strings.Repeat("composed-of.", 8) + "shoe=Secret": fhir.TooCostly,
		"List?item._id=" + long:                     fhir.TooCostly,
		"List?item:Patient._id=" + long:             "",
		"List?item:Patient._id=" + long + ",Secret": fhir.TooCostly,
		"Observation?patient.name=" + strings.Repeat("Secret&patient.name=", 90) + "Secret": "",
		"Observation?patient.birthdate=Secret":                                              fhir.Invalid,
		"Observation?patient.name:Secret=x":                                                 fhir.NotSupported,
		"Observation?patient:Secret.name=x":                                                 fhir.NotSupported,
		"Observation?patient..name=x":                                                       fhir.NotSupported,
		"Observation?.patient=x":                                                            "",
		"Observation?patient.name.=x":                                                       fhir.Invalid,
		"Patient?_has:Observation:patient:_has:=Secret":                                     fhir.Invalid,
		"Patient?_has:::=Secret":                                                            fhir.Invalid,
		"Patient?_hash=Secret":                                                              "",
	} {
		_, _, err := parse(t, p, query, search.Options{})
		if got := fhir.CodeOf(err); got != want {
			t.Errorf("%.100s: got %v, want %q", query, err, want)
		}
		if err != nil && strings.Contains(fmt.Sprint(fhir.AsOutcome(err).Issues), "Secret") && !strings.Contains(query, ":Secret") {
			t.Errorf("%.100s: the error repeats the value: %v", query, err)
		}
	}
}

// TestMatchAlone: without other resources a chain leads nowhere, and nothing refers to a resource; what depends on neither is
// answered.
func TestMatchAlone(t *testing.T) {
	p := newParams(t)
	r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"1","status":"final","subject":{"reference":"Patient/1"},"encounter":{"reference":"Encounter/1"}}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	criterion := func(query string) search.Expr {
		q, _, err := parse(t, p, "Observation?"+query, search.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return q.Where
	}
	chain, has, final, amended := criterion("patient.gender:not=x"), criterion("_has:Observation:has-member:status=final"), criterion("status=final"), criterion("status=amended")
	for i, test := range []struct {
		expr search.Expr
		want bool
	}{
		{chain, false}, {&search.Not{Expr: chain}, true}, {has, false}, {final, true}, {amended, false},
		{search.And{}, true}, {search.Or{}, false}, {&search.Not{Expr: search.And{}}, false}, {&search.Not{Expr: search.Or{}}, true},
		{search.Or{amended, final}, true}, {search.And{amended, final}, false}, {search.Or{chain, search.And{final, &search.Not{Expr: amended}}}, true},
		{&search.Not{Expr: &search.Not{Expr: final}}, true}, {search.And{search.Or{amended, chain}, final}, false},
	} {
		if got := search.Match(test.expr, r, p.Values(r), nil); got != test.want {
			t.Errorf("%d: %s is %v", i, test.expr, got)
		}
	}
	if got := (search.Or{amended, &search.Not{Expr: search.And{final, chain}}}).String(); got != "(status=amended or not (status=final&patient.gender:not=x))" {
		t.Error(got)
	}
}

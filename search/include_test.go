package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// TestIncludeValues reads values of _include and _revinclude of a search for Encounters.
func TestIncludeValues(t *testing.T) {
	p := newParams(t)
	for value, want := range map[string]string{ // what is said to be wrong; "" = nothing
		"_include=*":                                       "",
		"_include=Encounter:*":                             "",
		"_include=Encounter:*:Patient":                     "",
		"_include=Encounter:subject":                       "",
		"_include=Encounter:subject:Group":                 "",
		"_include:iterate=Patient:general-practitioner":    "",
		"_include:recurse=*":                               "",
		"_revinclude=Condition:encounter":                  "",
		"_revinclude=Condition:encounter:Encounter":        "",
		"_revinclude=Provenance:*":                         "",
		"_revinclude:iterate=Observation:patient":          "",
		"_revinclude:iterate=Observation:patient:Patient":  "",
		"_include=Encounter":                               "is not Source:parameter",
		"_include=Encounter:":                              "is not Source:parameter",
		"_include=Encounter:bogus":                         "not known for Encounter",
		"_include=Encounter:subject:":                      "is not Source:parameter",
		"_include=Encounter:subject:Patient:x":             "is not Source:parameter",
		"_include=encounter:subject":                       "source type",
		"_include=:subject":                                "is not Source:parameter",
		"_include=Encounter:subject:patient":               "target type that FHIR R4 does not have",
		"_include=Encounter:subject:Device":                "does not lead to",
		"_include=Encounter:status":                        "not a reference",
		"_include=Patient:general-practitioner":            "with :iterate",
		"_include:again=Encounter:subject":                 "does not take this modifier",
		"_revinclude=*":                                    "would include whatever",
		"_revinclude:iterate=*":                            "would include whatever",
		"_revinclude=Observation:patient":                  "with :iterate",
		"_revinclude=Condition:encounter:Patient":          "does not lead to",
		"_revinclude=Encounter:subject:Patient":            "with :iterate",
		"_revinclude=Binary:*":                             "without references",
		"_include=Encounter:subject,Encounter:participant": "target type that FHIR R4 does not have",
	} {
		_, lenient, err := parse(t, p, "Encounter?status=x&"+value, search.Options{})
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		_, _, strict := parse(t, p, "Encounter?status=x&"+value, search.Options{Strict: true})
		switch {
		case want == "" && (len(lenient) > 0 || strict != nil):
			t.Errorf("%s: %v, strict %v", value, lenient, strict)
		case want != "" && (len(lenient) != 1 || !strings.Contains(lenient[0].Text, want) || strict == nil || !strings.Contains(strict.Error(), want)):
			t.Errorf("%s: %v, strict %v; want %q", value, lenient, strict, want)
		}
	}
}

// TestReferenced looks at what an Encounter, a Questionnaire response and a Measure refer to.
func TestReferenced(t *testing.T) {
	p := newParams(t)
	show := func(typ, text, rule string) string {
		r, err := fhir.ParseResource(text, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		source, rest, _ := strings.Cut(rule, ":")
		code, target, _ := strings.Cut(rest, ":")
		list, err := p.Follow(search.Include{Source: source, Code: code, Target: target}, typ, "http://own/fhir").Referenced(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for _, to := range list {
			if to.URL != "" {
				shown = append(shown, fmt.Sprintf("%s|%s as %d types or %s/%s", to.URL, to.Version, len(to.Types), to.Type, to.ID))
			} else {
				shown = append(shown, strings.TrimSuffix(to.Type+"/"+to.ID+"@"+to.Version, "@"))
			}
		}
		return strings.Join(shown, " ")
	}
	encounter := `{"resourceType":"Encounter","subject":{"reference":"Patient/1"},"participant":[{"individual":{"reference":"Practitioner/2/_history/3"}},{"individual":{"reference":"http://own/fhir/Practitioner/2"}},
		{"individual":{"reference":"RelatedPerson/4"}},{"individual":{"reference":"#in"}},{"individual":{"reference":"http://other/fhir/Practitioner/2"}},{"individual":{"display":"me"}},
		{"individual":{"reference":"urn:uuid:8b1b7ca5-6dcb-4d8c-9b6c-51b13fa8f9e4"}},{"individual":{"reference":"RelatedPerson/4"}}]}`
	response := `{"resourceType":"QuestionnaireResponse","questionnaire":"%s"}`
	for _, test := range []struct{ text, rule, want string }{
		{encounter, "Encounter:subject", "Patient/1"},
		{encounter, "Encounter:patient", "Patient/1"},
		{encounter, "Encounter:subject:Group", ""},
		{encounter, "Encounter:participant", "Practitioner/2@3 Practitioner/2 RelatedPerson/4"},
		{encounter, "Encounter:practitioner", "Practitioner/2@3 Practitioner/2"},
		{encounter, "Encounter:participant:RelatedPerson", "RelatedPerson/4"},
		{encounter, "Encounter:status", ""},
		{encounter, "Encounter:bogus", ""},
		{fmt.Sprintf(response, "http://x/Questionnaire/1|2"), "QuestionnaireResponse:questionnaire", "http://x/Questionnaire/1|2 as 1 types or /"},
		{fmt.Sprintf(response, "http://own/fhir/Questionnaire/1"), "QuestionnaireResponse:questionnaire", "http://own/fhir/Questionnaire/1| as 1 types or Questionnaire/1"},
		{fmt.Sprintf(response, "http://x/q#part"), "QuestionnaireResponse:*", "http://x/q| as 1 types or /"},
		{fmt.Sprintf(response, "#q"), "QuestionnaireResponse:*", ""},
		{`{"resourceType":"Measure","library":["http://x/l|1","http://x/l|1"]}`, "Measure:depends-on:Library", "http://x/l|1 as 1 types or /"},
		{`{"resourceType":"Measure","library":["http://x/l"]}`, "Measure:depends-on:Patient", ""},
	} {
		typ, _, _ := strings.Cut(test.rule, ":")
		if got := show(typ, test.text, test.rule); got != test.want {
			t.Errorf("%s of %.60s: got %q, want %q", test.rule, test.text, got, test.want)
		}
	}
	all := strings.Fields(show("Encounter", encounter, "Encounter:*"))
	slices.Sort(all)
	if got := strings.Join(all, " "); got != "Patient/1 Practitioner/2 Practitioner/2@3 RelatedPerson/4" {
		t.Errorf("all that an Encounter refers to: %s", got)
	}
}

// TestReferencedByTooMuch: what cannot be gathered is an error, not nothing.
func TestReferencedByTooMuch(t *testing.T) {
	text := `{"resourceType":"List","status":"current","mode":"working","entry":[` + strings.Repeat(`{"item":{"reference":"Patient/1"}},`, 250_000) + `{"item":{"reference":"Patient/2"}}]}`
	r, err := fhir.ParseResource(text, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newParams(t).Follow(search.Include{Code: "item"}, "List", "").Referenced(context.Background(), r); fhir.CodeOf(err) != fhir.TooCostly {
		t.Errorf("got %v, want too-costly", err)
	}
}

// TestReferrers: parameters that share their values are asked for once.
func TestReferrers(t *testing.T) {
	p := newParams(t)
	codes := func(source, code, target string) string {
		var list []string
		for _, param := range p.Referrers(search.Include{Source: source, Code: code}, target) {
			list = append(list, param.Code)
		}
		return strings.Join(list, " ")
	}
	for rule, want := range map[[3]string]string{
		{"Observation", "*", "Patient"}:       "focus performer subject",
		{"Observation", "patient", "Patient"}: "patient",
		{"Observation", "*", "Encounter"}:     "encounter focus",
		{"Observation", "device", "Patient"}:  "",
		{"Binary", "*", "Patient"}:            "",
	} {
		if got := codes(rule[0], rule[1], rule[2]); got != want {
			t.Errorf("%v: got %q, want %q", rule, got, want)
		}
	}
}

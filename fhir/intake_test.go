package fhir_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// Canonical text writes the id anew: what was no string must not become one on the way.
func TestNewResourceRefusesAnIDThatIsNoString(t *testing.T) {
	for _, id := range []string{`17`, `true`, `["a"]`, `{"value":"a"}`, `"a b"`, `"` + strings.Repeat("a", 65) + `"`} {
		r, err := fhir.ParseResource(`{"resourceType":"Patient","id":`+id+`}`, fhir.DefaultLimits())
		if o := fhir.AsOutcome(err); o == nil || o.Code() != fhir.Value || o.Issues[0].Expression[0] != "Patient.id" {
			t.Errorf("%s: %v, %v", id, r, err)
		}
	}
	if r, err := fhir.ParseResource(`{"resourceType":"Patient","_id":{"id":"x"},"id":"a"}`, fhir.DefaultLimits()); err != nil || r.ID() != "a" {
		t.Errorf("a valid id: %v", err)
	}
}

func TestEveryIssueOfParseSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                   "Resource",
		`[]`:                                   "Resource",
		`{"a":null}`:                           "a",
		`{"resourceType":17,"a":null}`:         "Resource.a",
		`{"resourceType":"<b>x</b>","a":null}`: "Resource.a",
		`{"resourceType":"Patient","a":null}`:  "Patient.a",
	} {
		_, err := fhir.Parse(text, fhir.DefaultLimits())
		if o := fhir.AsOutcome(err); o == nil || len(o.Issues) != 1 || o.Issues[0].Expression[0] != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestParseCutsWhatItRepeats(t *testing.T) {
	long := strings.Repeat("é", 100)
	_, err := fhir.Parse(`{"`+long+`":1,"`+long+`":2}`, fhir.DefaultLimits())
	if o := fhir.AsOutcome(err); o == nil || len(o.Issues[0].Text) > 120 || !strings.Contains(o.Issues[0].Text, "éé…'") {
		t.Errorf("a long name: %v", err)
	}
	_, err = fhir.Parse(`[`+strings.Repeat(`"",`, 1000)+`""]`, fhir.DefaultLimits())
	if o := fhir.AsOutcome(err); len(o.Issues) != 101 || o.Issues[100].Code != fhir.Incomplete {
		t.Errorf("%d issues", len(fhir.AsOutcome(err).Issues))
	}
}

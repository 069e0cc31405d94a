package r4_test

import (
	"strings"
	"testing"
)

func TestCodeSystems(t *testing.T) {
	spec := decoded(t)
	for url, want := range map[string]string{
		"http://terminology.hl7.org/CodeSystem/condition-clinical": "active recurrence<active relapse<active inactive remission<inactive resolved<inactive",
		"http://hl7.org/fhir/administrative-gender":                "male female other unknown",
		// two levels, and back to the top
		"http://hl7.org/fhir/request-intent": "proposal plan directive order original-order<order reflex-order<order filler-order<order instance-order<filler-order option",
	} {
		system := spec.CodeSystem(url)
		if system == nil || system.URL != url {
			t.Errorf("no %s", url)
			continue
		}
		var got []string
		for code, parent := range system.Concepts() {
			if parent != "" {
				code += "<" + parent
			}
			got = append(got, code)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", url, text, want)
		}
	}
	if spec.CodeSystem("http://loinc.org") != nil {
		t.Error("R4 does not list LOINC")
	}
	for code := range spec.CodeSystem("http://hl7.org/fhir/administrative-gender").Concepts() {
		if code != "male" {
			t.Errorf("went on to %s", code)
		}
		break
	}
}

// Every code of a value set that comes from a code system which is there, is there.
func TestCodeSystemsHoldTheCodesOfValueSets(t *testing.T) {
	spec := decoded(t)
	checked := 0
	for _, typ := range spec.Types() {
		for _, e := range typ.Elements {
			if e.Binding == nil || e.Binding.ValueSet == nil {
				continue
			}
			for code := range e.Binding.ValueSet.Codes {
				system := spec.CodeSystem(e.Binding.SystemOf(code))
				if system == nil {
					continue
				}
				found := false
				for known := range system.Concepts() {
					found = found || known == code
				}
				if !found {
					t.Errorf("%s has no %s", system.URL, code)
				}
				checked++
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d codes were checked", checked)
	}
}

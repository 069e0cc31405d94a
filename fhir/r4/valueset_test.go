package r4_test

import (
	"slices"
	"testing"

	"andiron.dev/fhir/r4"
)

// notEnumerable are the value sets of required bindings whose codes no list can hold, or that R4 does not list.
func notEnumerable() []string {
	return []string{
		"http://hl7.org/fhir/ValueSet/mimetypes",  // BCP 13
		"http://hl7.org/fhir/ValueSet/ucum-units", // a grammar
		"http://loinc.org/vs/LL379-9",             // published by LOINC, not in the package
	}
}

func TestRequiredBindingsResolve(t *testing.T) {
	spec := decoded(t)
	found := map[string]bool{}
	for _, typ := range spec.Types() {
		for _, e := range typ.Elements {
			b := e.Binding
			if b == nil {
				continue
			}
			if b.Strength != r4.RequiredBinding {
				if b.ValueSet != nil {
					t.Errorf("%s.%s: %s binding with codes", typ.Name, e.Name, b.Strength)
				}
				continue
			}
			set := spec.ValueSet(b.URL)
			switch {
			case set == nil || set.URL != b.URL:
				t.Errorf("%s.%s: no value set %s", typ.Name, e.Name, b.URL)
			case slices.Contains(notEnumerable(), b.URL):
				found[b.URL] = true
				if b.ValueSet != nil || set.Codes != nil {
					t.Errorf("%s.%s: %s has codes", typ.Name, e.Name, b.URL)
				}
			case b.ValueSet != set || len(set.Codes) == 0:
				t.Errorf("%s.%s: %s has no codes", typ.Name, e.Name, b.URL)
			}
		}
	}
	if len(found) != len(notEnumerable()) {
		t.Errorf("only %v are bound", found)
	}
}

func TestValueSets(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct {
		set, system string
		size        int
		has, hasNot string
	}{
		{"administrative-gender", "http://hl7.org/fhir/administrative-gender", 4, "unknown", "m"},
		// concepts within concepts
		{"observation-status", "http://hl7.org/fhir/observation-status", 8, "corrected", "done"},
		{"issue-type", "http://hl7.org/fhir/issue-type", 31, "code-invalid", ""},
		// a whole system and some codes of another
		{"event-timing", "", 26, "ACM", "NOON "},
		{"task-intent", "", 9, "option", "directive"},
		// chosen codes of a system that R4 does not list
		{"units-of-time", "http://unitsofmeasure.org", 7, "wk", "kg"},
		// three systems
		{"all-types", "", 213, "Any", "SubscriptionStatus"},
		// our supplement: R4 and the package name ISO 4217 but do not list it
		{"currencies", "urn:iso:std:iso:4217", 183, "USD", "usd"},
		{"currencies", "urn:iso:std:iso:4217", 183, "HRK", "DEM"},
		{"FHIR-version", "http://hl7.org/fhir/FHIR-version", 22, "4.0.1", "5.0.0"},
	} {
		set := spec.ValueSet("http://hl7.org/fhir/ValueSet/" + c.set)
		if set == nil {
			t.Errorf("no %s", c.set)
			continue
		}
		if set.System != c.system || len(set.Codes) != c.size || !set.Codes[c.has] || set.Codes[c.hasNot] {
			t.Errorf("%s: system %q, %d codes, %s: %t, %s: %t", c.set, set.System, len(set.Codes), c.has, set.Codes[c.has], c.hasNot, set.Codes[c.hasNot])
		}
	}
}

// http://hl7.org/fhir/R4/search.html#token: a search on a code may name the system that the binding implies.
func TestSystemOf(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct{ typ, element, code, want string }{
		{"Patient", "gender", "male", "http://hl7.org/fhir/administrative-gender"},
		{"Patient", "gender", "m", ""},
		{"Task", "intent", "order", "http://hl7.org/fhir/request-intent"},
		{"Task", "intent", "unknown", "http://hl7.org/fhir/task-intent"},
		{"Attachment", "contentType", "application/pdf", "urn:ietf:bcp:13"},
		{"MolecularSequence.structureVariant", "variantType", "LA9658-1", ""},
		{"Patient", "language", "de", ""},
		{"Patient", "birthDate", "2000", ""},
	} {
		if got := spec.Type(c.typ).Element(c.element).Binding.SystemOf(c.code); got != c.want {
			t.Errorf("%s.%s %s: system %q, want %q", c.typ, c.element, c.code, got, c.want)
		}
	}
}

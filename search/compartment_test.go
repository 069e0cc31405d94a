package search_test

import (
	"slices"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// TestCompartments: every parameter that R4 makes a compartment of is there and leads to it, and nothing else is.
func TestCompartments(t *testing.T) {
	p := newParams(t)
	for _, c := range p.Spec().Compartments() {
		of := search.Compartment{Type: c.Code, ID: "1"}
		listed := p.InCompartment(c.Code)
		for _, typ := range p.Spec().Resources() {
			codes := slices.DeleteFunc(slices.Clone(c.Each[typ]), func(code string) bool { return code == "{def}" })
			want := len(codes)
			if typ == c.Code {
				want++ // itself
			}
			member, err := p.Compartment(of, typ, "")
			if slices.Contains(listed, typ) != (want > 0) {
				t.Errorf("%s: %s is in the list: %v", c.Code, typ, listed)
			}
			switch {
			case want == 0:
				if fhir.CodeOf(err) != fhir.NotSupported {
					t.Errorf("%s/1/%s: %v", c.Code, typ, err)
				}
			case err != nil:
				t.Errorf("%s/1/%s: %v", c.Code, typ, err)
			case len(member.Where) != want:
				t.Errorf("%s/1/%s: %v are %d criteria, but the compartment is %s", c.Code, typ, codes, want, member.Where)
			}
		}
	}
	for of, want := range map[search.Compartment]fhir.IssueType{
		{Type: "Group", ID: "1"}: fhir.NotFound, {Type: "Hospital", ID: "1"}: fhir.NotFound, {Type: "Patient", ID: "a b"}: fhir.Invalid, {Type: "Patient"}: fhir.Invalid,
	} {
		if _, err := p.Compartment(of, "Observation", ""); fhir.CodeOf(err) != want {
			t.Errorf("%v: %v, want %s", of, err, want)
		}
	}
}

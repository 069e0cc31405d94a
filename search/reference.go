package search

import (
	"strings"

	"andiron.dev/fhir"
)

// Reference is a criterion on references (http://hl7.org/fhir/R4/search.html#reference).
type Reference struct {
	criterion
	Any []ReferenceTest
}

// ReferenceTest is one alternative: "Patient/1", "1", an absolute URL, a canonical.
type ReferenceTest struct {
	Type    string // "" for a URL, and for an id alone
	ID      string // logical id, or the URL
	URL     bool   // ID is a URL
	Version string // "" = any
}

func parseReference(c criterion, o *Options) (Expr, error) {
	r := &Reference{criterion: c}
	for _, raw := range c.raw {
		test := referenceTest(unescape(raw), o.Base)
		if typ := string(c.Modifier); typ != "" {
			if test.Type != "" && test.Type != typ {
				return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s:%s' is given a reference to %s", c.Param.Code, typ, test.Type)
			}
			if !test.URL {
				test.Type = typ
			}
		}
		r.Any = append(r.Any, test)
	}
	return r, nil
}

func referenceTest(text, base string) ReferenceTest {
	ref := fhir.ParseReference(text)
	switch {
	case ref.ID != "" && (ref.Base == "" || ref.Base == base):
		return ReferenceTest{Type: ref.Type, ID: ref.ID, Version: ref.Version}
	case fhir.ValidID(text):
		return ReferenceTest{ID: text}
	}
	url, version, _ := strings.Cut(text, "|")
	return ReferenceTest{ID: url, URL: true, Version: version}
}

// Matches reports whether one indexed reference passes the test.
func (t ReferenceTest) Matches(v ReferenceValue) bool {
	if t.ID != v.ID || t.Version != "" && t.Version != v.Version {
		return false
	}
	if t.URL {
		return v.Type == ""
	}
	return v.Type != "" && (t.Type == "" || t.Type == v.Type)
}

func (r *Reference) match(v *Values) bool {
	for i := range v.References {
		value := &v.References[i]
		if !r.Param.leadsTo(value) {
			continue
		}
		for _, test := range r.Any {
			if test.Matches(*value) {
				return true
			}
		}
	}
	return false
}

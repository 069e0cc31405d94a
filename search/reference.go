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
	URL     bool   // ID is a URL that does not have the form of a reference
	Version string // "" = any
	Base    string // of a reference to another server; "" = one to this server
	Own     string // under what base the client knows this server: absolute references below it are its own
}

func parseReference(c criterion, p *Params, o *Options) (Expr, error) {
	r := &Reference{criterion: c}
	for _, raw := range c.raw {
		test := p.referenceTest(unescape(raw), o.Base)
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

func (p *Params) referenceTest(text, own string) ReferenceTest {
	if fhir.ValidID(text) {
		return ReferenceTest{ID: text, Own: own}
	}
	v := p.referenceValue(text)
	t := ReferenceTest{Type: v.Type, ID: v.ID, URL: v.Type == "", Version: v.Version, Base: v.Base, Own: own}
	if t.Base == own {
		t.Base = ""
	}
	return t
}

// referenceValue takes the text of a reference or canonical apart.
func (p *Params) referenceValue(text string) ReferenceValue {
	url, version, _ := strings.Cut(text, "|")
	ref := fhir.ParseReference(url)
	if ref.ID == "" || !p.spec.IsResource(ref.Type) {
		return ReferenceValue{ID: url, Version: version}
	}
	if version == "" {
		version = ref.Version
	}
	return ReferenceValue{Type: ref.Type, ID: ref.ID, Version: version, Base: ref.Base}
}

// Matches reports whether one indexed reference passes the test.
func (t ReferenceTest) Matches(v ReferenceValue) bool {
	if t.ID != v.ID || t.Version != "" && t.Version != v.Version {
		return false
	}
	if t.URL {
		return v.Type == ""
	}
	if v.Type == "" || t.Type != "" && t.Type != v.Type {
		return false
	}
	if t.Base == "" {
		return v.Base == "" || v.Base == t.Own
	}
	return v.Base == t.Base
}

func (r *Reference) match(v *Values) bool {
	for i := range v.References {
		value := &v.References[i]
		if !r.Param.leadsTo(value) {
			continue
		}
		for _, test := range r.Any {
			if test.Matches(*value) != (r.Modifier == ModUnequal) {
				return true
			}
		}
	}
	return false
}

package path

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

func scopeSpec(s *scope) *r4.Spec {
	if s == nil {
		return nil
	}
	return s.spec
}

// local finds a resource inside the document: "#id" among what is contained
// (http://hl7.org/fhir/R4/references.html#contained), anything else among the entries of the Bundle around
// (http://hl7.org/fhir/R4/bundle.html#references).
func (ev *Evaluator) local(s *scope, text string) (Value, error) {
	id, contained := strings.CutPrefix(text, "#")
	for ; s != nil; s = s.parent {
		if !contained {
			if s.typ != nil && s.typ.Name == "Bundle" {
				found, err := ev.entry(s, nil, text)
				if err != nil || found.kind != None {
					return found, err
				}
			}
			if p := s.parent; p != nil && p.typ != nil && p.typ.Name == "Bundle" {
				return ev.entry(p, s, text)
			}
			continue
		}
		outer := s.parent
		inside := outer != nil && outer.typ != nil && outer.typ.Is("DomainResource")
		if id == "" && !inside {
			return s.value(), nil // "#" is the container
		}
		for e := range s.resource.Each("contained") {
			if err := ev.step(1); err != nil {
				return Value{}, err
			}
			if id != "" && e.Get("id").Text() == id {
				return s.inner(e), nil
			}
		}
		if !inside {
			break
		}
	}
	return Value{}, nil
}

// entry finds an entry of a Bundle by its fullUrl. A relative reference is completed with the base of the entry it
// stands in (from); where that has none, type and id decide.
func (ev *Evaluator) entry(bundle, from *scope, text string) (Value, error) {
	ref := fhir.ParseReference(text)
	relative := ref.Base == "" && ref.ID != ""
	url := text
	if relative && from != nil {
		if base, err := ev.entryBase(bundle, from); err != nil {
			return Value{}, err
		} else if base != "" {
			url, relative = base+"/"+ref.Relative(), false
		}
	}
	for e := range bundle.resource.Each("entry") {
		if err := ev.step(1); err != nil {
			return Value{}, err
		}
		r := e.Get("resource")
		if !r.Exists() {
			continue
		}
		if fullURL := e.Get("fullUrl").Text(); fullURL != "" && (fullURL == url || fullURL == text) ||
			relative && r.Get("resourceType").Text() == ref.Type && r.Get("id").Text() == ref.ID {
			return bundle.inner(r), nil
		}
	}
	return Value{}, nil
}

// entryBase is the server's base of the entry whose resource is s; "" when its fullUrl does not have one.
func (ev *Evaluator) entryBase(bundle, s *scope) (string, error) {
	for e := range bundle.resource.Each("entry") {
		if err := ev.step(1); err != nil {
			return "", err
		}
		if e.Get("resource") == s.resource {
			return fhir.ParseReference(e.Get("fullUrl").Text()).Base, nil
		}
	}
	return "", nil
}

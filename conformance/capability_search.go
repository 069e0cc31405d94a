package conformance

import (
	"andiron.dev/fhir"
	"andiron.dev/search"
)

// shared writes what can be searched by in all types: the parameters that every type has, and those that are about a search as a
// whole, for which R4 defines no SearchParameter.
func (s *Statement) shared(w *fhir.Writer) {
	if !s.Registry.Handles(fhir.SearchSystem) {
		return
	}
	w.Name("searchParam").Array()
	types := s.Spec.Resources()
	for _, p := range s.Params.Of(types[0]) {
		if s.everywhere(p) {
			w.Object().Name("name").String(p.Code)
			if p.URL != "" {
				w.Name("definition").String(p.URL)
			}
			w.Name("type").String(string(p.Type)).EndObject()
		}
	}
	for _, p := range []struct{ name, text string }{
		{"_has", "Selects resources by what refers to them: _has:Observation:patient:code. Like chained parameters (subject:Patient.name) it follows up to 8 references."},
		{"_type", "Lists the resource types of a search across types, which takes the parameters that all of them have."},
	} {
		w.Object().Name("name").String(p.name).Name("type").String("special").Name("documentation").String(p.text).EndObject()
	}
	w.EndArray()
}

// everywhere says whether all resource types have a parameter.
func (s *Statement) everywhere(p *search.Param) bool {
	for _, name := range s.Spec.Resources() {
		if other := s.Params.Param(name, p.Code); other == nil || other.URL != p.URL {
			return false
		}
	}
	return true
}

// compartments writes the compartments that can be searched.
func (s *Statement) compartments(w *fhir.Writer) {
	if !s.Registry.Handles(fhir.SearchType) {
		return
	}
	w.Name("compartment").Array()
	for _, c := range s.Spec.Compartments() {
		w.String(c.URL)
	}
	w.EndArray()
}

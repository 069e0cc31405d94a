package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// include reads a value of _include or _revinclude: "*", "Source:*", "Source:code" and "Source:code:Target"
// (http://hl7.org/fhir/R4/search.html#include). A rule that could never include anything is one that is not understood.
func (in *parsing) include(name, modifier, value string) error {
	i := Include{Code: "*", Iterate: modifier != ""}
	list := &in.query.Include
	if name == "_revinclude" {
		list = &in.query.RevInclude
	}
	switch {
	case value != "*":
		parts := strings.Split(value, ":")
		if len(parts) != 2 && len(parts) != 3 || slices.Contains(parts, "") {
			return in.ignore(fhir.Invalid, "the value of '"+name+"' is not Source:parameter or Source:parameter:Target")
		}
		i.Source, i.Code = parts[0], parts[1]
		if len(parts) == 3 {
			i.Target = parts[2]
		}
	case name == "_revinclude":
		return in.ignore(fhir.NotSupported, "_revinclude=* would include whatever refers to the matches: name a source, as in Observation:*")
	case !i.Iterate:
		i.Source = in.query.Type // only matches are looked at
	}
	if i.Source != "" {
		if code, reason := in.params.misses(i, in.query.Type, name == "_revinclude"); reason != "" {
			return in.ignore(code, "the value of '"+name+"' "+reason)
		}
	}
	if !slices.Contains(*list, i) {
		*list = append(*list, i)
	}
	return nil
}

// misses says why a rule does not include anything in a search of a type ("" = of several types); "" = it may.
func (p *Params) misses(i Include, typ string, reverse bool) (code fhir.IssueType, reason string) {
	switch {
	case !p.spec.IsResource(i.Source):
		return fhir.Invalid, "has a source type that FHIR R4 does not have"
	case i.Target != "" && !p.spec.IsResource(i.Target):
		return fhir.Invalid, "has a target type that FHIR R4 does not have"
	}
	params := p.referenceParams(i.Source, i.Code)
	if len(params) == 0 {
		switch known := p.Param(i.Source, i.Code); {
		case i.Code == "*":
			return fhir.NotSupported, "has a source type without references"
		case known != nil:
			return fhir.Invalid, "names a parameter of " + i.Source + " that is not a reference"
		}
		return fhir.NotSupported, "names a parameter that is not known for " + i.Source
	}
	leads := func(target string) bool {
		return slices.ContainsFunc(params, func(p *Param) bool { return p.mayLeadTo(target) })
	}
	only := typ != "" && !i.Iterate // what is included is not looked at, just matches are
	switch {
	case i.Target != "" && !leads(i.Target):
		return fhir.Invalid, "has a target type that the parameter does not lead to"
	case only && !reverse && i.Source != typ:
		return fhir.NotSupported, "is about " + i.Source + ", and matches are of another type: with :iterate, included resources are looked at as well"
	case only && reverse && (!leads(typ) || i.Target != "" && i.Target != typ):
		return fhir.NotSupported, "does not lead to the type that is searched: with :iterate, included resources are looked at as well"
	}
	return "", ""
}

// referenceParams lists the reference parameters that a rule names: code may be "*".
func (p *Params) referenceParams(resource, code string) []*Param {
	if code != "*" {
		if param := p.Param(resource, code); param != nil && param.Type == r4.ReferenceParam {
			return []*Param{param}
		}
		return nil
	}
	var params []*Param
	for _, param := range p.Of(resource) {
		if param.Type == r4.ReferenceParam {
			params = append(params, param)
		}
	}
	return params
}

// mayLeadTo reports whether a reference parameter may lead to a type. R4 leaves that open for a few.
func (p *Param) mayLeadTo(typ string) bool {
	return len(p.Targets) == 0 || slices.Contains(p.Targets, typ) || slices.Contains(p.Targets, "Resource")
}

// Referrers lists the parameters by which resources of a type are found that a _revinclude rule includes with a target: as few as
// lead to all of them.
func (p *Params) Referrers(i Include, target string) []*Param {
	var params []*Param
	for _, param := range p.referenceParams(i.Source, i.Code) {
		if param.mayLeadTo(target) {
			params = append(params, param)
		}
	}
	if len(params) < 2 {
		return params
	}
	// Those that are not narrowed to a target come first: "subject" finds what "patient" finds.
	slices.SortStableFunc(params, func(a, b *Param) int { return a.narrowed() - b.narrowed() })
	asked := make(map[*Slot]bool)
	return slices.DeleteFunc(params, func(param *Param) bool {
		more := false
		for _, s := range param.Sources {
			if (s.Target == "" || s.Target == target) && !asked[s.Slot] {
				asked[s.Slot], more = true, true
			}
		}
		return !more
	})
}

// narrowed counts the sources of which only references to one type count.
func (p *Param) narrowed() (n int) {
	for _, s := range p.Sources {
		if s.Target != "" {
			n++
		}
	}
	return n
}

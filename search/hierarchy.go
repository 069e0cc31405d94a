package search

import (
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Hierarchy is ":below" or ":above" on a reference (http://hl7.org/fhir/R4/search.html#recursive): "location:below=Location/42"
// is true for what refers to 42 or to anything that is part of it, at any depth, and ":above" for what refers to 42 or to
// anything that it is part of. A hierarchy that leads back to itself is walked once.
type Hierarchy struct {
	criterion
	Own string // under what base the client knows this server
	Any []Place
}

// Place is a resource of this server in the hierarchy that PartOf makes of its type.
type Place struct {
	Type, ID string
	PartOf   *Param
}

// partOf is the reference parameter by which a resource type is a hierarchy: nil = it is none.
func (p *Params) partOf(typ string) *Param {
	for _, code := range []string{"partof", "part-of"} {
		if param := p.Param(typ, code); param != nil && param.Type == r4.ReferenceParam && slices.Contains(p.targets(param), typ) {
			return param
		}
	}
	return nil
}

// hierarchies are the types among the targets of a reference parameter that are hierarchies.
func (p *Params) hierarchies(param *Param) []string {
	var list []string
	for _, typ := range p.targets(param) {
		if p.partOf(typ) != nil {
			list = append(list, typ)
		}
	}
	return list
}

func (p *Params) parseHierarchy(c criterion, o *Options) (Expr, error) {
	h := &Hierarchy{criterion: c, Own: o.Base}
	types := p.hierarchies(c.Param)
	for _, raw := range c.raw {
		test := p.referenceTest(unescape(raw), o.Base)
		switch {
		case test.URL || test.Base != "" || test.Version != "":
			return nil, fhir.Errorf(fhir.Invalid, "the value of '%s:%s' must be the id of a resource on this server, or its type and id", c.Param.Code, c.Modifier)
		case test.Type != "" && !slices.Contains(types, test.Type):
			return nil, fhir.Errorf(fhir.NotSupported, "the parameter '%s' refers to no hierarchy of the type %s", c.Param.Code, test.Type)
		}
		for _, typ := range types {
			if test.Type == "" || test.Type == typ {
				h.Any = append(h.Any, Place{Type: typ, ID: test.ID, PartOf: p.partOf(typ)})
			}
		}
	}
	return h, nil
}

func (h *Hierarchy) match(v *Values, corpus Corpus) bool {
	for _, place := range h.Any {
		var ids []string // of place, and all below or above it
		for i := range v.References {
			to := &v.References[i]
			if to.Type != place.Type || to.Base != "" && to.Base != h.Own || !h.Param.leadsTo(to) {
				continue
			}
			if ids == nil {
				ids = h.closure(place, corpus)
			}
			if slices.Contains(ids, to.ID) {
				return true
			}
		}
	}
	return false
}

// closure are the ids of a place and of all that is below or above it.
func (h *Hierarchy) closure(place Place, corpus Corpus) []string {
	ids := []string{place.ID}
	if corpus == nil {
		return ids
	}
	for at := 0; at < len(ids); at++ {
		for _, id := range h.next(place, ids[at], corpus) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// next are the ids one step below or above.
func (h *Hierarchy) next(place Place, id string, corpus Corpus) (ids []string) {
	if h.Modifier == ModBelow {
		for r := range corpus.Find(place.Type, refersTo(place.PartOf, place.Type, h.Own, id)) {
			ids = append(ids, r.ID())
		}
		return ids
	}
	for _, v := range corpus.Find(place.Type, byID(id)) {
		for i := range v.References {
			if to := &v.References[i]; to.Type == place.Type && (to.Base == "" || to.Base == h.Own) && place.PartOf.leadsTo(to) {
				ids = append(ids, to.ID)
			}
		}
	}
	return ids
}

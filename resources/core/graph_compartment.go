package core

import (
	"andiron.dev/fhir"
	"andiron.dev/search"
)

// together holds a resource against the compartment rules of a target: those that are a condition leave it out, those that are a
// requirement end the graph.
func (g *graphing) together(target fhir.Element, r *fhir.Resource) (bool, error) {
	for rule := range target.Each("compartment") {
		kind := rule.Get("rule").Text()
		if kind == "custom" {
			return false, fhir.NewOutcome(fhir.NotSupported, "compartment rules of a GraphDefinition must be identical, matching or different", rule.Path())
		}
		shared, err := g.shares(rule.Get("code").Text(), r)
		if err != nil {
			return false, err
		}
		if shared != (kind == "different") {
			continue
		}
		if rule.Get("use").Text() == "requirement" {
			return false, broken(rule, "a resource is not in the compartment that the rule requires")
		}
		return false, nil
	}
	return true, nil
}

// shares reports whether a resource is in a compartment that the start of the graph is in as well.
func (g *graphing) shares(typ string, r *fhir.Resource) (bool, error) {
	ids := map[string]bool{}
	if g.start.Type() == typ {
		ids[g.start.ID()] = true
	}
	for ref := range g.m.referenced(g.start, g.m.base(g.req)) {
		if ref.Type == typ {
			ids[ref.ID] = true
		}
	}
	for id := range ids {
		inside, err := g.inside(search.Compartment{Type: typ, ID: id}, r)
		if err != nil || !inside {
			if err != nil {
				return false, err
			}
			continue
		}
		if also, err := g.inside(search.Compartment{Type: typ, ID: id}, g.start); err != nil || also {
			return also, err
		}
	}
	return false, nil
}

func (g *graphing) inside(of search.Compartment, r *fhir.Resource) (bool, error) {
	member, err := g.m.config.Params.Compartment(of, r.Type(), g.m.base(g.req))
	if fhir.CodeOf(err) == fhir.NotSupported { // nothing of the type is in any
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return g.m.config.Params.Matcher(r.Type(), member).Match(r, nil), nil
}

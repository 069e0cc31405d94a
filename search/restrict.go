package search

import (
	"slices"

	"andiron.dev/fhir"
)

// Bounds say what of the store is open to whoever searches. They are asked wherever a search looks: at the resources that are
// searched, and at those at the other end of a chain, of _has, of _list and of a hierarchy.
type Bounds struct {
	// Of gives what resources of a type have to be besides; nil = anything will do. It refuses a type with Forbidden: a chain
	// that names no types then goes without it, any other search that leads there fails.
	Of func(typ string) (Expr, error)
	// List reports whether a List may be looked into. One that may not counts as one that is not there.
	List func(id string) (bool, error)
	// Hierarchy gives what stands in the place of a hierarchy whose steps lead through resources of which not all are open.
	Hierarchy func(h *Hierarchy) (Expr, error)
}

// Restrict gives the query as it is within bounds: whatever is added to it, it finds nothing beyond them, and counts nothing. Of a
// search across types, those that are refused are left out.
func (q *Query) Restrict(b *Bounds) (*Query, error) {
	restricted := *q
	if q.Type != "" {
		where, err := b.within(q.Type, q.Where)
		restricted.Where = where
		return &restricted, err
	}
	restricted.Parts = nil
	for _, part := range q.Parts {
		where, err := b.within(part.Type, part.Where)
		if fhir.CodeOf(err) == fhir.Forbidden && !slices.Contains(q.types, part.Type) {
			continue
		}
		if err != nil {
			return nil, err
		}
		part.Where = where
		restricted.Parts = append(restricted.Parts, part)
	}
	return &restricted, nil
}

// within gives what is asked of a type together with its bounds. These stand beside the criteria, never among their parts.
func (b *Bounds) within(typ string, where And) (And, error) {
	bound, err := b.Of(typ)
	if err != nil {
		return nil, err
	}
	parts, err := b.all(where)
	if err != nil || bound == nil {
		return parts, err
	}
	return append(slices.Clip(parts), bound), nil
}

func (b *Bounds) all(list []Expr) ([]Expr, error) {
	parts := make([]Expr, len(list))
	for i, e := range list {
		var err error
		if parts[i], err = b.expr(e); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func (b *Bounds) expr(e Expr) (Expr, error) {
	switch e := e.(type) {
	case And:
		parts, err := b.all(e)
		return And(parts), err
	case Or:
		parts, err := b.all(e)
		return Or(parts), err
	case *Not:
		inner, err := b.expr(e.Expr)
		return &Not{Expr: inner}, err
	case *Filter:
		filter, err := *e, error(nil)
		filter.Where, err = b.expr(e.Where)
		return &filter, err
	case *Named:
		named, err := *e, error(nil)
		named.Where, err = b.expr(e.Where)
		return &named, err
	case *Has:
		has := *e
		where, err := b.within(e.Param.Resource, And{e.Where})
		has.Where = where
		return &has, err
	case *Chain:
		return b.chain(e)
	case *InList:
		return b.lists(e)
	case *Hierarchy:
		return b.Hierarchy(e)
	}
	return e, nil
}

func (b *Bounds) chain(c *Chain) (Expr, error) {
	chain := *c
	chain.Links = nil
	var refused error
	for _, link := range c.Links {
		where, err := b.within(link.Type, And{link.Where})
		if fhir.CodeOf(err) == fhir.Forbidden && c.Type == "" {
			refused = err
			continue
		}
		if err != nil {
			return nil, err
		}
		chain.Links = append(chain.Links, Link{Type: link.Type, Where: where})
	}
	if len(chain.Links) == 0 {
		return nil, refused
	}
	return &chain, nil
}

func (b *Bounds) lists(e *InList) (Expr, error) {
	if _, err := b.Of("List"); err != nil {
		return nil, err
	}
	list := *e
	list.Lists = nil
	for _, id := range e.Lists {
		open, err := b.List(id)
		if err != nil {
			return nil, err
		}
		if open {
			list.Lists = append(list.Lists, id)
		}
	}
	return &list, nil
}

// Step is the query for the resources one step below some places of a type, or for those places themselves, of which Parents are
// one step above.
func (h *Hierarchy) Step(place Place, ids []string) *Query {
	q := &Query{Type: place.Type, Count: MaxCount, Total: TotalNone}
	if h.Modifier == ModBelow {
		q.Where = And{refersTo(place.PartOf, place.Type, h.Own, ids...)}
	} else {
		found := byID(ids[0])
		found.Any, found.raw = ids, ids
		q.Where = And{found}
	}
	return q
}

// Parents are the ids of what a resource of the place's type is a part of.
func (h *Hierarchy) Parents(p *Params, place Place, r *fhir.Resource) (ids []string) {
	for _, to := range p.Matcher(place.Type, refersTo(place.PartOf, place.Type, h.Own)).Values(r).References {
		if to.Type == place.Type && (to.Base == "" || to.Base == h.Own) && place.PartOf.leadsTo(&to) {
			ids = append(ids, to.ID)
		}
	}
	return ids
}

// At is the criterion that the parameter of the hierarchy refers to any of some resources.
func (h *Hierarchy) At(typ string, ids []string) Expr { return refersTo(h.Param, typ, h.Own, ids...) }

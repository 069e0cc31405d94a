package smart

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// search is Search before what is in a resource is kept back: see shown.go. The filter stands in the query, so that nothing else is found, counted or estimated; what is found is
// held against it once more.
func (t *tx) search(ctx context.Context, query fhir.Query) (*fhir.SearchPage, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if c.who.server {
		return t.inner.Search(ctx, query)
	}
	q, ok := query.(*search.Query)
	if !ok {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the guard knows the queries of package search only")
	}
	s := &sifting{t: t, ctx: ctx, c: c, perms: c.searching(q)}
	if mutated() == hookInclude && s.perms != Search {
		return t.inner.Search(ctx, q)
	}
	restricted, err := s.restrict(q)
	if err != nil {
		return nil, err
	}
	if restricted == nil {
		return nothing(q), nil
	}
	if s.inexact && q.Total == search.TotalAccurate {
		return nil, fhir.NewOutcome(fhir.NotSupported, "what is open to you of these resources cannot be counted: leave _total=accurate and _summary=count out")
	}
	if s.inexact {
		restricted.Total = search.TotalNone
	}
	return s.page(restricted)
}

// searching are the letters that a search goes by. What a search reads beside what was searched for, it includes: it may be
// read, or searched for.
func (c *call) searching(q *search.Query) Perms {
	if c.req != nil && (c.req.Interaction == fhir.SearchType || c.req.Interaction == fhir.SearchSystem) && q.Type != c.req.Type {
		return Read | Search
	}
	return Search
}

func nothing(q *search.Query) *fhir.SearchPage {
	page := &fhir.SearchPage{Total: -1}
	if q.Total != search.TotalNone {
		page.Total = 0
	}
	return page
}

// sifting is one search of which not all may be seen.
type sifting struct {
	t       *tx
	ctx     context.Context
	c       *call
	perms   Perms
	inexact bool // the query finds more than may be seen
}

// restrict puts the filters into the query; nil where nothing is left to search.
func (s *sifting) restrict(q *search.Query) (*search.Query, error) {
	if s.direct(q) {
		return q, nil
	}
	root := true
	bounds := &search.Bounds{
		Of: func(typ string) (search.Expr, error) {
			at := root
			root = false
			return s.bound(typ, at)
		},
		List:      func(id string) (bool, error) { return s.lists(id) },
		Hierarchy: s.hierarchy,
	}
	if q.Type == "" {
		return s.across(q, bounds, &root)
	}
	f, err := s.c.access.filter(s.perms, q.Type)
	if err != nil {
		return nil, err
	}
	if f.denied() {
		return nil, nil
	}
	return q.Restrict(bounds)
}

// across restricts a search across types part by part, so that the first type that a part asks about is its own.
func (s *sifting) across(q *search.Query, bounds *search.Bounds, root *bool) (*search.Query, error) {
	restricted := *q
	restricted.Parts = nil
	for _, part := range q.Parts {
		f, err := s.c.access.filter(s.perms, part.Type)
		if err != nil {
			return nil, err
		}
		if f.denied() {
			continue // named ones are refused before: see Middleware
		}
		*root = true
		one, err := (&search.Query{Type: part.Type, Where: part.Where}).Restrict(bounds)
		if err != nil {
			return nil, err
		}
		part.Where = one.Where
		restricted.Parts = append(restricted.Parts, part)
	}
	if len(restricted.Parts) == 0 {
		return nil, nil
	}
	return &restricted, nil
}

// direct reports whether a query asks for ids and nothing else. Engines answer that without planning, and what is not open is
// left out of the page, which has room for all.
func (s *sifting) direct(q *search.Query) bool {
	if q.Type == "" || len(q.Where) != 1 || len(q.Sort) > 0 || q.After != "" || q.Total != search.TotalNone || mutated() == hookSearch {
		return false
	}
	ids, ok := q.Where[0].(*search.IDs)
	return ok && len(ids.Any) <= q.Count
}

// bound is the filter of a type for the query. At the root those that a query cannot hold are applied to what it finds; at the other
// end of a reference there is no place for them.
func (s *sifting) bound(typ string, root bool) (search.Expr, error) {
	perms := Search
	if root {
		perms = s.perms
	}
	if root && mutated() == hookSearch || !root && mutated() == hookChain || s.c.conditional() && root && mutated() == hookConditional {
		return nil, nil
	}
	f, err := s.c.access.filter(perms, typ)
	if err != nil {
		return nil, err
	}
	if f.denied() {
		return nil, insufficient(s.c.who, typ, perms)
	}
	where, exact := f.where()
	if !exact {
		if !root {
			return nil, fhir.Errorf(fhir.Forbidden, "resources of the type %s cannot be searched through by you", typ)
		}
		s.inexact = true
	}
	return where, nil
}

// lists reports whether a List may be looked into.
func (s *sifting) lists(id string) (bool, error) {
	r, err := s.t.inner.Read(s.ctx, "List", id)
	if fhir.Gone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.t.sees(s.ctx, s.c, Read|Search, r)
}

// page carries the search out. Where it finds more than may be seen it looks on until the page is full, and once more, so that a
// link to a next page says nothing but that there is one.
func (s *sifting) page(q *search.Query) (*fhir.SearchPage, error) {
	page, err := s.t.inner.Search(s.ctx, q)
	if err != nil {
		return nil, err
	}
	kept, err := s.keep(page.Resources)
	if err != nil || len(kept) == len(page.Resources) {
		return page, err
	}
	if page.Next == "" {
		page.Resources = kept
		return page, nil
	}
	return s.fill(q, page, kept)
}

// fill looks on where a page has lost some of what was found.
func (s *sifting) fill(q *search.Query, page *fhir.SearchPage, kept []*fhir.Resource) (*fhir.SearchPage, error) {
	from, ends := q.After, page.Next
	before := from // where the page began on which the last kept one was found
	for examined := len(page.Resources); len(kept) <= q.Count && ends != "" && examined < maxExamined; {
		next := *q
		next.After = ends
		more, err := s.t.inner.Search(s.ctx, &next)
		if err != nil {
			return nil, err
		}
		open, err := s.keep(more.Resources)
		if err != nil {
			return nil, err
		}
		if len(kept) < q.Count {
			before = next.After
		}
		examined += len(more.Resources)
		kept, ends = append(kept, open...), more.Next
	}
	page.Resources, page.Next = kept, ends
	if len(kept) <= q.Count {
		return page, nil
	}
	page.Resources = kept[:q.Count]
	var err error
	page.Next, err = s.after(q, before, kept[q.Count-1])
	return page, err
}

// after gives the place behind a match, going one by one from where its page began.
func (s *sifting) after(q *search.Query, from string, match *fhir.Resource) (string, error) {
	one := *q
	one.Count, one.After = 1, from
	for {
		page, err := s.t.inner.Search(s.ctx, &one)
		if err != nil || len(page.Resources) == 0 {
			return "", err
		}
		if page.Resources[0].Reference() == match.Reference() || page.Next == "" {
			return page.Next, nil
		}
		one.After = page.Next
	}
}

// keep gives what of some resources may be seen.
func (s *sifting) keep(list []*fhir.Resource) ([]*fhir.Resource, error) {
	kept := list[:0:0]
	for _, r := range list {
		ok, err := s.t.sees(s.ctx, s.c, s.perms, r)
		if err != nil {
			return nil, err
		}
		if ok || mutated() == hookSearch || s.c.conditional() && mutated() == hookConditional {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// conditional reports whether the request has a condition.
func (c *call) conditional() bool { return c.req != nil && c.req.Condition != nil }

// Explain implements fhir.Explainer. How a search is done says how many there are of what is not open, so all has to be.
func (t *tx) Explain(ctx context.Context, query fhir.Query) (*fhir.Explanation, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	explainer, ok := t.inner.(fhir.Explainer)
	if !ok {
		return nil, fhir.NewOutcome(fhir.NotSupported, "searches cannot be explained by this engine")
	}
	if !c.who.server && !c.access.mayAll() {
		return nil, fhir.NewOutcome(fhir.Forbidden, "searches are explained to who may see everything")
	}
	return explainer.Explain(ctx, query)
}

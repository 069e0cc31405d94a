package mongo

import (
	"cmp"
	"context"
	"math"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Search implements fhir.Reader. The query must be a *search.Query.
func (r *reader) Search(ctx context.Context, query fhir.Query) (*fhir.SearchPage, error) {
	return r.search(ctx, query, &meter{limit: r.store.options.SearchLimit})
}

func (r *reader) search(ctx context.Context, query fhir.Query, m *meter) (*fhir.SearchPage, error) {
	q, ok := query.(*search.Query)
	if !ok {
		return nil, fhir.Errorf(fhir.NotSupported, "this engine knows the queries of package search only")
	}
	var from *position
	if q.After != "" {
		p, err := decodePosition(q.After)
		if err != nil {
			return nil, err
		}
		if len(p.Keys) != len(q.Sort) || (p.Type == "") != (q.Type != "") {
			return nil, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this search")
		}
		from = &p
	}
	parts, err := r.parts(ctx, q, m)
	if err != nil {
		return nil, err
	}
	page := &fhir.SearchPage{Total: -1}
	if err := total(q, parts, page); err != nil || q.Count == 0 {
		return page, err
	}
	return page, r.page(ctx, q, parts, from, page)
}

// part is what is asked of one type.
type part struct {
	*compiler
	filter   bson.D
	criteria []*criterion // that it is made of
	sort     []search.Sort

	afforded bool   // what it costs has been counted
	window   bson.D // that is walked; nil = there is none
}

func (r *reader) parts(ctx context.Context, q *search.Query, m *meter) (list []*part, err error) {
	resolved := new(int)
	for _, each := range q.Each() {
		c := r.compiler(ctx, each.Type)
		c.ids, c.meter = resolved, m
		p := &part{compiler: c, sort: each.Sort}
		for _, rule := range each.Sort {
			if err := c.served(rule.Param); err != nil {
				return nil, err
			}
		}
		if err := p.compileAll(each.Where); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *part) int { return cmp.Compare(a.typ, b.typ) })
	if m.trace != nil {
		m.trace.parts = list
	}
	return list, nil
}

// compileAll compiles what is asked of the type, criterion by criterion.
func (p *part) compileAll(where search.Expr) error {
	filters := []bson.D{{field("deleted", false)}}
	for _, e := range criteriaOf(where) {
		p.of = &criterion{of: e}
		f, err := p.compile(e)
		if err != nil {
			return err
		}
		p.of.filter = f
		if p.criteria = append(p.criteria, p.of); len(f) > 0 {
			filters = append(filters, f)
		}
	}
	p.of, p.filter = nil, all(filters)
	return nil
}

// found is a match without its content.
type found struct {
	typ, id string
	n       int64
	keys    []keyValue
}

// page finds the matches of a page and one more, and reads those that fit.
func (r *reader) page(ctx context.Context, q *search.Query, parts []*part, from *position, page *fhir.SearchPage) error {
	var list []found
	sorted := len(q.Sort) > 0
	for _, p := range parts {
		wanted := q.Count + 1
		if !sorted {
			if from != nil && from.Type > p.typ {
				continue
			}
			if wanted -= len(list); wanted <= 0 {
				break
			}
		}
		if err := p.afford(false); err != nil {
			return err
		}
		matches, err := p.matches(p.begin(q, from), wanted)
		if err != nil {
			return err
		}
		list = append(list, matches...)
	}
	if sorted && len(parts) > 1 {
		slices.SortStableFunc(list, func(a, b found) int { return compareFound(a, b, q.Sort) })
	}
	return r.fill(ctx, q, list, page)
}

// begin is where a page begins within a part; nil = at its beginning. At the place where it begins in another part, keys that are equal
// come before it or after it as the types do.
func (p *part) begin(q *search.Query, from *position) *position {
	if from == nil || q.Type != "" {
		return from
	}
	at := *from
	switch {
	case from.Type == p.typ:
	case len(from.Keys) == 0:
		return nil
	case from.Type > p.typ:
		at.N = math.MaxInt64
	default:
		at.N = -1
	}
	return &at
}

// fill reads the resources of a page.
func (r *reader) fill(ctx context.Context, q *search.Query, list []found, page *fhir.SearchPage) error {
	size, last := 0, -1
	for from := 0; from < len(list) && len(page.Resources) < q.Count && size <= search.PageBytes; {
		to := min(from+fillBatch, q.Count, len(list))
		read, err := r.resources(ctx, list[from:to])
		if err != nil {
			return err
		}
		for i := from; i < to && size <= search.PageBytes; i++ {
			got, ok := read[list[i].typ+"/"+list[i].id]
			if !ok {
				return fhir.Internal(constError("a match is not in its snapshot"))
			}
			page.Resources, size, last = append(page.Resources, got), size+len(got.Body()), i
		}
		from = to
	}
	if last+1 < len(list) && last >= 0 {
		p := position{Keys: list[last].keys, N: list[last].n}
		if q.Type == "" {
			p.Type = list[last].typ
		}
		page.Next = p.encode()
	}
	return nil
}

// fillBatch is how many resources are read at once, all of which are in memory.
const fillBatch = 100

func (r *reader) resources(ctx context.Context, list []found) (map[string]*fhir.Resource, error) {
	ids := make(map[string][]string)
	for _, f := range list {
		ids[f.typ] = append(ids[f.typ], f.id)
	}
	out := make(map[string]*fhir.Resource, len(list))
	for _, typ := range sortedNames(ids) {
		if err := r.find(ctx, typ, byIDs(ids[typ]), func(raw bson.Raw) error {
			got, err := readRow(raw)
			if err != nil {
				return asOutcome(err)
			}
			out[typ+"/"+got.id] = got.resource(typ)
			return nil
		}, projected()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

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
	parts, err := r.parts(ctx, q)
	if err != nil {
		return nil, err
	}
	page := &fhir.SearchPage{Total: -1}
	if q.Total != search.TotalNone {
		page.Total = 0
		for _, p := range parts {
			n, err := p.count()
			if err != nil {
				return nil, err
			}
			page.Total += n
		}
	}
	if q.Count == 0 {
		return page, nil
	}
	return page, r.page(ctx, q, parts, from, page)
}

// part is what is asked of one type.
type part struct {
	*compiler
	filter bson.D
	sort   []search.Sort
}

func (r *reader) parts(ctx context.Context, q *search.Query) (list []*part, err error) {
	resolved := new(int)
	for _, each := range q.Each() {
		c := r.compiler(ctx, each.Type)
		c.ids = resolved
		p := &part{compiler: c, sort: each.Sort}
		for _, rule := range each.Sort {
			if err := c.served(rule.Param); err != nil {
				return nil, err
			}
		}
		if p.filter, err = c.living(each.Where); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *part) int { return cmp.Compare(a.typ, b.typ) })
	return list, nil
}

// count counts the matches.
func (p *part) count() (n int, err error) {
	pipeline := bson.A{bson.D{field("$match", p.filter)}, bson.D{field("$group", bson.D{field("_id", nil), field("count", bson.D{field("$sum", 1)})})}}
	err = p.aggregate(p.ctx, p.typ, pipeline, func(raw bson.Raw) error {
		total, _ := raw.Lookup("count").AsInt64OK()
		n = int(min(total, math.MaxInt32))
		return nil
	})
	return n, err
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

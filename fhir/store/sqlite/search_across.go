package sqlite

import (
	"cmp"
	"context"
	"math"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// across is a search across types: each type is searched on its own, and what is found is merged. Without sort rules the types
// come one after another in the order of their numbers, which never change; so, within a type, do its resources.
type across struct {
	*reader
	ctx   context.Context
	query *search.Query
	parts []typedPart
	from  *position // N is a rid
}

// typedPart is a part whose type the store knows.
type typedPart struct {
	search.Part
	typ int64
}

func (r *reader) across(ctx context.Context, q *search.Query) (*fhir.SearchPage, error) {
	a := &across{reader: r, ctx: ctx, query: q}
	if q.After != "" {
		from, err := decodePosition(q.After)
		if err != nil {
			return nil, err
		}
		if len(from.Keys) != len(q.Sort) {
			return nil, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this search")
		}
		a.from = &from
	}
	for _, part := range q.Each() {
		typ, err := r.store.names.id(r.conn, typeName, part.Type)
		if err != nil {
			return nil, asOutcome(err)
		}
		if typ != 0 {
			a.parts = append(a.parts, typedPart{part, typ})
		}
	}
	slices.SortFunc(a.parts, func(x, y typedPart) int { return cmp.Compare(x.typ, y.typ) })
	page := &fhir.SearchPage{Total: -1}
	if err := a.total(page); err != nil || q.Count == 0 {
		return page, asOutcome(err)
	}
	return page, asOutcome(a.page(page))
}

// compiler makes the compiler of a part.
func (a *across) compiler(part *typedPart, count int) (*compiler, error) {
	q := &search.Query{Type: part.Type, Where: part.Where, Sort: part.Sort, Count: count, Total: a.query.Total}
	c, err := a.reader.compiler(a.ctx, q)
	if from := a.begin(part); err == nil && from != nil {
		c.order.from = *from
	}
	return c, err
}

// begin is where a page begins within a part; nil = at its beginning. At the place where it begins in another part, keys that
// are equal come before it or after it as the types do.
func (a *across) begin(part *typedPart) *position {
	if a.from == nil {
		return nil
	}
	p := *a.from
	switch typ := p.N >> 32; {
	case typ == part.typ:
		p.N = nOf(p.N)
	case len(p.Keys) == 0:
		return nil // parts before that place are not looked at
	case typ > part.typ, a.query.Sort[0].Param.Special == search.LastUpdated: // no two resources have the same place in the commit order
		p.N = math.MaxUint32
	default:
		p.N = -1
	}
	return &p
}

// total counts the matches in all parts, if they are to be counted.
func (a *across) total(page *fhir.SearchPage) error {
	if a.query.Total == search.TotalNone {
		return nil
	}
	page.Total = 0
	for i := range a.parts {
		c, err := a.compiler(&a.parts[i], a.query.Count)
		if err != nil {
			return err
		}
		n, estimated := 0, false
		if c.total {
			n, err = c.count()
		} else {
			n, estimated, err = c.estimate()
		}
		if err != nil {
			return err
		}
		page.Total += n
		page.Estimated = page.Estimated || estimated
	}
	return nil
}

func (a *across) page(page *fhir.SearchPage) error {
	matches, err := a.matches()
	if err != nil {
		return err
	}
	size := 0
	for i, m := range matches {
		if i == a.query.Count || size > search.PageBytes {
			last := matches[i-1]
			page.Next = position{Keys: last.keys, N: last.rid}.encode()
			break
		}
		r, err := a.resource(m.rid)
		if err != nil {
			return err
		}
		page.Resources, size = append(page.Resources, r), size+len(r.Body())
	}
	return nil
}

// matches finds the matches of a page, and one more.
func (a *across) matches() (all []found, err error) {
	sorted := len(a.query.Sort) > 0
	for i := range a.parts {
		part := &a.parts[i]
		wanted := a.query.Count // and one more, as the compiler has it
		if !sorted {
			if a.from != nil && part.typ < a.from.N>>32 {
				continue
			}
			if wanted -= len(all); wanted < 0 {
				return all, nil
			}
		}
		c, err := a.compiler(part, wanted)
		if err != nil {
			return nil, err
		}
		if all, err = c.keys(all); err != nil {
			return nil, err
		}
	}
	if sorted {
		slices.SortStableFunc(all, func(x, y found) int { return compareFound(x, y, a.query.Sort) })
	}
	return all, nil
}

// keys appends the matches of a page, and one more, in order.
func (c *compiler) keys(list []found) ([]found, error) {
	s := &statement{}
	if o := c.order; len(o.keys) > 0 {
		s.include(c.keyed()).add("SELECT n"+o.columns("")+" FROM keyed WHERE ").include(o.beyond(0)).add(" ORDER BY "+o.by("")+" LIMIT (? + 0)", o.count)
	} else {
		s.include(c.candidates(o))
	}
	err := c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
		list = append(list, found{rid: rid(c.typ, stmt.ColumnInt64(0)), keys: c.order.position(stmt, 1, 0).Keys})
		return nil
	})
	return list, err
}

// resource reads the current version of a match.
func (a *across) resource(number int64) (r *fhir.Resource, err error) {
	at := slices.IndexFunc(a.parts, func(p typedPart) bool { return p.typ == number>>32 })
	typ := a.parts[at].Type
	s := sql("SELECT v.vid, v.at, v.body FROM current c CROSS JOIN version v ON v.seq = c.seq WHERE c.rid = ?", number)
	err = a.reader.query(a.ctx, s, func(stmt *sqlite.Stmt) error {
		got := row{rid: number, vid: stmt.ColumnInt64(0), at: stmt.ColumnInt64(1), body: stmt.ColumnText(2)}
		r = got.resource(typ, idOf(got.body, typ))
		return nil
	})
	return r, err
}

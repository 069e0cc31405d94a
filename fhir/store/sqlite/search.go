package sqlite

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// Search implements fhir.Reader. The query must be a *search.Query.
func (r *reader) Search(ctx context.Context, query fhir.Query) (*fhir.SearchPage, error) {
	q, ok := query.(*search.Query)
	if !ok {
		return nil, fhir.Errorf(fhir.NotSupported, "this engine knows the queries of package search only")
	}
	if limit := r.store.options.SearchLimit; limit > 0 {
		_, done, err := r.conn.metered(limit)
		if err != nil {
			return nil, asOutcome(err)
		}
		defer done()
	}
	if q.Type == "" {
		return r.across(ctx, q)
	}
	if page, ok, err := r.byID(ctx, q); ok {
		return page, err
	}
	c, err := r.compiler(ctx, q)
	if err != nil {
		return nil, asOutcome(err)
	}
	page := &fhir.SearchPage{Total: -1}
	switch {
	case c.total:
		page.Total, err = c.count()
	case q.Total == search.TotalEstimate:
		page.Total, page.Estimated, err = c.estimate()
	}
	if err != nil {
		return nil, err
	}
	if q.Count == 0 {
		return page, nil
	}
	return page, c.page(q, page)
}

// page reads one page of matches in order, and one more to know whether there is a next page.
func (c *compiler) page(q *search.Query, page *fhir.SearchPage) error {
	for c.order.walk != nil && c.driver == nil {
		if ok, err := c.walkedPage(q, page); ok || err != nil {
			return err
		}
		if err := c.replan(); err != nil {
			return err
		}
	}
	var last position
	more, size := false, 0
	err := c.query(c.ctx, c.pageStatement(), func(stmt *sqlite.Stmt) error {
		if len(page.Resources) == q.Count || size > search.PageBytes {
			more = true
			return nil
		}
		got := row{rid: stmt.ColumnInt64(0), vid: stmt.ColumnInt64(1), at: stmt.ColumnInt64(2), body: stmt.ColumnText(3)}
		page.Resources, size = append(page.Resources, got.resource(q.Type, idOf(got.body, q.Type))), size+len(got.body)
		last = c.order.position(stmt, 4, nOf(got.rid))
		return nil
	})
	if more {
		page.Next = last.encode()
	}
	return err
}

// pageStatement finds out which resources are on the page before it reads any of them.
func (c *compiler) pageStatement() *statement {
	s, o := &statement{}, c.order
	if len(o.keys) > 0 {
		s.include(c.keyed())
	}
	s.add("SELECT c.rid, v.vid, v.at, v.body" + o.columns("p.") + " FROM (")
	if len(o.keys) > 0 {
		s.add("SELECT * FROM keyed WHERE ").include(o.beyond(0)).add(" ORDER BY "+o.by("")+" LIMIT (? + 0)", o.count)
	} else {
		s.include(c.candidates(o))
	}
	return s.add(") p CROSS JOIN current c ON c.rid = (? | p.n) CROSS JOIN version v ON v.seq = c.seq ORDER BY "+o.by("p."), rid(c.typ, 0))
}

// keyed names, for the statement that follows it, the candidates together with their keys.
func (c *compiler) keyed() *statement {
	o := c.order
	s := sql("WITH found AS MATERIALIZED (").include(c.candidates(o)).add("), keyed AS MATERIALIZED (SELECT m.n AS n")
	for i := range o.keys {
		s.add(", ").include(o.keys[i].value).add(" AS " + keyName(i))
	}
	s.add(" FROM found m")
	for i := range o.keys {
		if join := o.keys[i].join; join != nil {
			s.add(" LEFT JOIN (").include(join).add(") j" + keyName(i) + " ON j" + keyName(i) + ".n = m.n")
		}
	}
	return s.add(") ")
}

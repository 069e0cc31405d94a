package sqlite

import (
	"errors"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// walk is a way to a page of a sorted search that sorts nothing: through an index in the order of its values, which is that of the
// answer, until the page is full. Each step tries the criteria on one resource.
//
// How many steps that takes nobody knows beforehand. So there is a budget, of what it would about cost to gather and sort instead;
// a walk that has used it up is given up for that.
type walk struct {
	descending bool
	// from gives n, the key, and whether it is a match, in order, from a position on: nil = from the first.
	from func(at *position) []*statement
	// rest gives the n of matches without a value, in order; they come last. nil = there can be none.
	rest func(n int64) *statement
}

// strided says how many steps of a walk cost as much as one row that is gathered and sorted.
const strided = 3

// sortWalk is the walk for a sort rule, if the parameter has one index that it can lead through.
func (c *compiler) sortWalk(rule search.Sort, sources []*statement) *walk {
	column := map[r4.ParamType]string{r4.DateParam: "low", r4.StringParam: "folded", r4.NumberParam: "low"}[rule.Param.Type]
	if column == "" || len(sources) != 1 {
		return nil
	}
	w, table, slot := &walk{descending: rule.Descending}, string(rule.Param.Type), sources[0]
	order, beyond := "", ">"
	if rule.Descending {
		order, beyond = " DESC", "<"
	}
	w.from = func(at *position) []*statement {
		// A resource stands where its first value does.
		s := sql("SELECT d.n, d.k, ").include(c.matches("d.n")).
			add(" AND NOT EXISTS (SELECT 1 FROM " + table + " y INDEXED BY " + table + "_n WHERE y.slot = d.slot AND y.n = d.n AND d.k " + beyond + " y." + column + ")").
			add(" FROM (SELECT x.slot AS slot, x.n AS n, x." + column + " AS k FROM " + primary(table) + " WHERE ").include(slot).add(") d")
		if at != nil {
			value := at.Keys[0].argument()
			s.add(" WHERE d.k "+beyond+"= ? AND (d.k <> ? OR d.n > ?)", value, value, at.N)
		}
		return []*statement{s.add(" ORDER BY d.k" + order + ", d.n")}
	}
	w.rest = func(n int64) *statement {
		return sql("SELECT (d.rid & 4294967295) AS n FROM current d WHERE d.rid > ? AND d.rid < ? AND d.deleted = 0 AND NOT EXISTS (SELECT 1 FROM "+table+" x INDEXED BY "+table+"_n WHERE ",
			rid(c.typ, n), rid(c.typ+1, 0)).include(slot).add(" AND x.n = d.rid & 4294967295) AND ").include(c.matches("(d.rid & 4294967295)")).
			add(" ORDER BY d.rid LIMIT (? + 0)", c.order.count)
	}
	return w
}

// matches is true for a resource that satisfies every criterion.
func (c *compiler) matches(n string) *statement {
	conditions := make([]*statement, len(c.tests))
	for i, t := range c.tests {
		conditions[i] = t.test(n)
	}
	return allOf(conditions)
}

// place is one match of a walk.
type place struct {
	n   int64
	key keyValue
}

// errFull ends a statement whose other rows nobody needs.
const errFull = constError("the page is full")

// walked finds the places of a page; ok is false when the walk has been given up.
func (c *compiler) walked() (places []place, ok bool, err error) {
	o := c.order
	var at *position
	if o.from.N > 0 {
		at = &o.from
	}
	if at == nil || !at.Keys[0].Null {
		steps := 0
		for _, s := range o.walk.from(at) {
			found, err := c.steps(s, &steps)
			if err != nil {
				return nil, false, err
			}
			places = merge(places, found, o.walk.descending, o.count)
		}
		if c.budget > 0 && steps > c.budget {
			return nil, false, nil
		}
		at = nil
	}
	if len(places) == o.count || o.walk.rest == nil {
		return places, true, nil
	}
	if c.spare != nil || c.undecided != nil { // it has fewer rows than there are resources
		return nil, false, nil
	}
	n := int64(0)
	if at != nil {
		n = at.N
	}
	err = c.query(c.ctx, o.walk.rest(n), func(stmt *sqlite.Stmt) error {
		if len(places) < o.count {
			places = append(places, place{stmt.ColumnInt64(0), keyValue{Null: true}})
		}
		return nil
	})
	return places, true, err
}

// replan decides what comes after a walk that was given up: a longer one, or to gather and sort.
func (c *compiler) replan() (err error) {
	driver := c.spare
	if c.undecided != nil {
		if driver, err = c.weigh(c.undecided); err != nil {
			return err
		}
		c.undecided = nil
	}
	c.driver = driver
	c.tests = slices.DeleteFunc(c.tests, func(t *criterion) bool { return t == driver })
	return nil
}

// steps walks until a page is full, or the budget is used up.
func (c *compiler) steps(s *statement, steps *int) (found []place, err error) {
	m := c.conn.meter
	err = c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
		if *steps++; c.budget > 0 && *steps > c.budget {
			return errFull
		}
		if m != nil {
			if m.rows++; m.exceeded() {
				return errFull
			}
		}
		if stmt.ColumnInt(2) == 0 {
			return nil
		}
		n := stmt.ColumnInt64(0)
		if len(found) > 0 && found[len(found)-1].n == n {
			return nil // two values that sort alike
		}
		if found = append(found, place{n, columnValue(stmt, 1)}); len(found) == c.order.count {
			return errFull
		}
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return found, err
}

// merge joins two runs of places in order, and keeps the first of them.
func merge(a, b []place, descending bool, most int) []place {
	if len(a) == 0 {
		return b
	}
	var out []place
	for len(out) < most && len(a)+len(b) > 0 {
		first := &a
		if len(a) == 0 || len(b) > 0 && (*b[0].key.Text < *a[0].key.Text) != descending {
			first = &b
		}
		out = append(out, (*first)[0])
		*first = (*first)[1:]
	}
	return out
}

// walkedPage reads a page by a walk; ok is false when the walk has been given up.
func (c *compiler) walkedPage(q *search.Query, page *fhir.SearchPage) (ok bool, err error) {
	places, ok, err := c.walked()
	if err != nil || !ok {
		return false, err
	}
	size := 0
	for i, p := range places {
		if i == q.Count || size > search.PageBytes {
			last := places[i-1]
			page.Next = position{Keys: []keyValue{last.key}, N: last.n}.encode()
			break
		}
		s := sql("SELECT vid, at, body FROM version WHERE seq = (SELECT seq FROM current WHERE rid = ?)", rid(c.typ, p.n))
		if err := c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
			got := row{vid: stmt.ColumnInt64(0), at: stmt.ColumnInt64(1), body: stmt.ColumnText(2)}
			page.Resources, size = append(page.Resources, got.resource(q.Type, idOf(got.body, q.Type))), size+len(got.body)
			return nil
		}); err != nil {
			return false, err
		}
	}
	return true, nil
}

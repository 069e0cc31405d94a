package sqlite

import (
	"cmp"
	"math"
	"slices"

	"zombiezen.com/go/sqlite"
)

// plan chooses the criterion that drives the search: its rows are gathered, or walked in the order of n, and the others
// test what it finds. Without one (nil), all resources of the type are walked in the order of the answer and everything is a
// test: that is best for criteria that most resources satisfy, because a page is full soon.
//
// Criteria are compared by counting their rows, but no further than it pays: if s rows or fewer are there, gathering them
// costs s; if there are more, the walk to a full page takes about count*all/s steps. s makes the two equal.
func (c *compiler) plan(positive []*criterion) (driver *criterion, err error) {
	switch {
	case len(positive) == 0:
		return nil, nil
	case len(positive) == 1 && (c.order == nil || c.order.plain() && positive[0].ordered()):
		return positive[0], nil
	}
	few := c.store.sample.few
	// Equalities first: their rows are together, while other criteria may have to pass over many to find one.
	slices.SortStableFunc(positive, func(a, b *criterion) int { return cmp.Compare(rank(a), rank(b)) })
	for _, d := range positive {
		if n, err := c.countRows(d, few); err != nil || n <= few {
			return d, err
		}
	}
	if c.order != nil && c.order.walk != nil && !c.total {
		c.undecided, c.budget = positive, hopeful*c.order.count
		return nil, nil
	}
	return c.weigh(positive)
}

// hopeful is how many steps for each match of a page a walk may take before criteria are counted: where one resource in so many
// matches, the page is full before that is done.
const hopeful = 25

// weigh compares criteria none of which has few rows.
func (c *compiler) weigh(positive []*criterion) (driver *criterion, err error) {
	all, err := number(c.conn.newestN, rid(c.typ, 0), rid(c.typ+1, 0))
	if err != nil {
		return nil, err
	}
	few, most := c.store.sample.few, c.store.sample.most
	enough := min(max(int(math.Sqrt(float64(c.order.page())*float64(all))), 4*few), most)
	limit := enough
	for _, d := range positive {
		n, err := c.countRows(d, limit)
		if err != nil {
			return nil, err
		}
		if n <= limit {
			driver, limit = d, n-1
		}
	}
	if driver == nil {
		driver = c.amongMany(positive)
	}
	if driver == nil && c.order != nil && c.order.walk != nil {
		c.spare, c.budget = gathered(positive), strided*enough
	}
	return driver, nil
}

// gathered is the criterion to gather when a walk was not worth it.
func gathered(positive []*criterion) *criterion {
	for _, d := range positive {
		if d.ordered() {
			return d
		}
	}
	return positive[0]
}

func rank(d *criterion) int {
	if d.ordered() {
		return 0
	}
	return 1
}

// sample bounds the counting of rows to compare criteria.
type sample struct {
	few  int // rows of a criterion that drives the search without more ado
	most int // rows that are counted at most
}

// countRows counts the rows of a criterion, up to one more than limit. Rows that know better what they cost are asked.
func (c *compiler) countRows(d *criterion, limit int) (n int, err error) {
	var counted criterion
	for i := range d.rows {
		if d.rows[i].weigh == nil {
			counted.rows = append(counted.rows, d.rows[i])
			continue
		}
		weight, err := d.rows[i].weigh(limit - n)
		if n += weight; err != nil || n > limit {
			return n, err
		}
	}
	if len(counted.rows) == 0 {
		return n, nil
	}
	s := sql("SELECT count(*) FROM (SELECT 1 FROM (").include(counted.set()).add(") LIMIT (? + 0))", limit-n+1)
	err = c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
		n += stmt.ColumnInt(0)
		return nil
	})
	return n, err
}

// amongMany chooses the driver when all criteria have many rows.
func (c *compiler) amongMany(positive []*criterion) *criterion {
	var ordered, unprobed *criterion
	for _, d := range positive {
		if ordered == nil && d.ordered() {
			ordered = d
		}
		if unprobed == nil && !d.probed() {
			unprobed = d
		}
	}
	switch {
	case c.total || !c.order.walkable(): // all matches are needed, so the walk has no early end
		return gathered(positive)
	case unprobed != nil: // its rows have to be gathered anyway
		return unprobed
	case c.order.plain():
		return ordered
	}
	return nil
}

// candidates gives the n of every match once. In an order that a walk can follow it gives no more than a page, from where
// the page begins. nil stands for no order.
func (c *compiler) candidates(o *ordering) *statement {
	n, out := "d.n", &statement{}
	var conditions []*statement
	where := func(text string, args ...any) { conditions = append(conditions, sql(text, args...)) }
	end := ""
	switch {
	case c.driver != nil && o.plain() && len(c.driver.rows) == 1 && c.driver.rows[0].place != "":
		r := &c.driver.rows[0]
		out.add("SELECT d.n AS n FROM (SELECT "+r.column()+" AS n, "+r.place+" AS place FROM "+r.from+" WHERE ", r.fromArgs...).include(r.where).add(") d")
		where("d.place > ?", rid(c.typ, o.from.N))
		end = "d.place"
	case c.driver != nil:
		out.add("SELECT DISTINCT d.n AS n FROM (").include(c.driver.set()).add(") d")
		if o.plain() {
			where("d.n > ?", o.from.N)
			end = "d.n"
		}
	case o.byCommit():
		n = "(d.rid & 4294967295)"
		out.add("SELECT " + n + " AS n FROM version d CROSS JOIN current e ON e.rid = d.rid AND e.seq = d.seq")
		where("d.rid >> 32 = ?", c.typ)
		where("e.deleted = 0")
		end = "d.seq"
		if o.keys[0].descending {
			end += " DESC"
		}
		if o.from.N > 0 {
			where("d.seq "+o.keys[0].beyond(), o.from.Keys[0].argument())
		}
	default:
		n = "(d.rid & 4294967295)"
		out.add("SELECT " + n + " AS n FROM current d")
		after := int64(0)
		if o.plain() {
			after, end = o.from.N, "d.rid"
		}
		where("d.rid > ? AND d.rid < ?", rid(c.typ, after), rid(c.typ+1, 0))
		where("d.deleted = 0")
	}
	if c.conn.meter != nil {
		where("examined(" + n + ")")
	}
	for _, t := range c.tests {
		conditions = append(conditions, t.test(n))
	}
	if len(conditions) > 0 {
		out.add(" WHERE ").include(allOf(conditions))
	}
	if end != "" {
		out.add(" ORDER BY "+end+" LIMIT (? + 0)", o.count)
	}
	return out
}

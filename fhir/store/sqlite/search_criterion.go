package sqlite

import (
	"slices"

	"andiron.dev/search"
)

// rows are rows of one index table, aliased x, that satisfy a criterion: each names a resource by its n.
type rows struct {
	from     string // what stands after FROM
	fromArgs []any
	where    *statement
	n        string // the expression that names the resource; "" = x.n

	// ordered says that the rows come in the order of n without sorting: where fixes every column before it.
	ordered bool
	// place is the column whose order they come in, where that is not n: it is rid. "" = n.
	place string
	// probe makes a condition that is true for the resource that the expression n names, if it has such a row, and costs one
	// look-up. nil = the rows have to be gathered first.
	probe func(n string) *statement
	// weigh says what it costs to gather the rows, up to one more than limit, where counting them would not.
	weigh func(limit int) (int, error)
}

func (r *rows) column() string {
	if r.n == "" {
		return "x.n"
	}
	return r.n
}

// set gives the n of all rows.
func (r *rows) set() *statement {
	return sql("SELECT "+r.column()+" AS n FROM "+r.from+" WHERE ", r.fromArgs...).include(r.where)
}

// byKey makes rows of a table whose primary key leads to a single n where the columns before it are fixed.
func byKey(table string) func(where *statement, ordered bool) rows {
	return func(where *statement, ordered bool) rows {
		return rows{from: table + " x", where: where, ordered: ordered, probe: func(n string) *statement {
			return sql("EXISTS (SELECT 1 FROM " + table + " x WHERE ").include(where).add(" AND x.n = " + n + ")")
		}}
	}
}

// primary is the table read by its primary key. SQLite has to be told: it keeps no statistics, and would rather read a whole
// slot in the order of n by the other index than sort the few rows of a range.
func primary(table string) string { return table + " x INDEXED BY sqlite_autoindex_" + table + "_1" }

// byResource makes rows of a table that has an index by slot and n beside its primary key.
func byResource(table string) func(where *statement, ordered bool) rows {
	return func(where *statement, ordered bool) rows {
		return rows{from: primary(table), where: where, ordered: ordered, probe: func(n string) *statement {
			return sql("EXISTS (SELECT 1 FROM " + table + " x INDEXED BY " + table + "_n WHERE ").include(where).add(" AND x.n = " + n + ")")
		}}
	}
}

// criterion is a compiled criterion: it holds where any of the rows is there, or, negated, where none is.
type criterion struct {
	of     search.Expr // what it was compiled from, for those who want to know
	rows   []rows
	negate bool
}

// set gives the n of all rows.
func (c *criterion) set() *statement {
	if len(c.rows) == 0 {
		return sql("SELECT 0 AS n WHERE 0")
	}
	sets := make([]*statement, len(c.rows))
	for i := range c.rows {
		sets[i] = c.rows[i].set()
	}
	return union(sets)
}

// maxCompound is how many sets stand in one UNION ALL: SQLite takes 500.
const maxCompound = 100

// union joins sets, in layers where there are many.
func union(sets []*statement) *statement {
	for len(sets) > maxCompound {
		var layer []*statement
		for part := range slices.Chunk(sets, maxCompound) {
			layer = append(layer, sql("SELECT n FROM (").include(union(part)).add(")"))
		}
		sets = layer
	}
	s := &statement{}
	for i, set := range sets {
		if i > 0 {
			s.add(" UNION ALL ")
		}
		s.include(set)
	}
	return s
}

// ordered says that the criterion finds resources in the order of n.
func (c *criterion) ordered() bool { return len(c.rows) == 1 && c.rows[0].ordered }

// probed says that the criterion can be tested without gathering its rows first.
func (c *criterion) probed() bool {
	for i := range c.rows {
		if c.rows[i].probe == nil {
			return false
		}
	}
	return true
}

// test is true for the resource that the expression n names, if the criterion holds for it.
func (c *criterion) test(n string) *statement {
	conditions := make([]string, len(c.rows))
	s := &statement{}
	for i := range c.rows {
		r := &c.rows[i]
		condition := sql(n + " IN (").include(r.set()).add(")")
		if r.probe != nil {
			condition = r.probe(n)
		}
		conditions[i] = condition.String()
		s.args = append(s.args, condition.args...)
	}
	if c.negate {
		s.add("NOT ")
	}
	return s.add(anyOf(conditions))
}

package sqlite

import (
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// unitName is the kind of the units by which quantities are found.
const unitName int64 = 6

// eachUnit calls row for every unit that a quantity is found by. ensure gives the number of a name.
func eachUnit(v *search.QuantityValue, ensure func(kind int64, text string) (int64, error), row func(unit int64, i search.Interval) error) error {
	named := func(name string, sign int64, i search.Interval) error {
		if name == "" {
			return nil
		}
		unit, err := ensure(unitName, name)
		if err != nil {
			return err
		}
		return row(sign*unit, i)
	}
	if v.Code == "" && v.Unit == "" {
		return row(0, v.Interval)
	}
	if v.Unit != v.Code {
		if err := named(v.Unit, -1, v.Interval); err != nil {
			return err
		}
	}
	if err := named(v.Code, -1, v.Interval); err != nil {
		return err
	}
	return named(v.In, 1, v.Amount)
}

// indexQuantities runs the statement, which takes the columns of the table in order, over the values.
func (w *writer) indexQuantities(n int64, values []search.QuantityValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		if err := eachUnit(v, w.ensure, func(unit int64, i search.Interval) error {
			stmt.BindInt64(2, unit)
			bindArgument(stmt, 3, blob(i.Low))
			bindArgument(stmt, 4, highBound(i))
			stmt.BindInt64(5, n)
			return w.runSlot(stmt, v.Slot)
		}); err != nil {
			return err
		}
	}
	return nil
}

// quantity compiles a Quantity.
func (c *compiler) quantity(e *search.Quantity) (*criterion, error) {
	one, all, err := c.quantityTests(e.Any)
	if err != nil {
		return nil, err
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, one.rows("quantity", slot)...)
		out.rows = append(out.rows, asWritten(slot, all)...)
	})
}

// quantityTests are the conditions of search.QuantityTest.Matches, of which one has to hold: those of one unit, and those of all
// units in which quantities are written.
func (c *compiler) quantityTests(tests []search.QuantityTest) (one, all intervalTests, err error) {
	for _, t := range tests {
		name, sign := t.In, int64(1)
		if name == "" {
			name, sign = t.Name, -1
		}
		if name == "" {
			all.add(numberTests(t.NumberTest))
			continue
		}
		unit, err := c.store.names.id(c.conn, unitName, name)
		if err != nil {
			return one, all, err
		}
		if unit == 0 {
			continue // nobody has ever used this unit
		}
		list := numberTests(t.NumberTest)
		for _, part := range [][]alternative{list.low, list.high} {
			for i := range part {
				part[i].text, part[i].args = "x.unit = ? AND "+part[i].text, append([]any{sign * unit}, part[i].args...)
			}
		}
		one.add(list)
	}
	return one, all, nil
}

// writtenUnits gives the units in which the quantities of a slot are written: one look-up each, and there are few.
const writtenUnits = `(WITH RECURSIVE w (unit) AS (SELECT min(unit) FROM quantity WHERE slot = ?
	UNION ALL SELECT (SELECT min(unit) FROM quantity WHERE slot = ? AND unit > w.unit) FROM w WHERE w.unit < 0)
	SELECT unit FROM w WHERE unit <= 0) u CROSS JOIN `

// asWritten makes rows of the quantities of a slot in all units in which they are written.
func asWritten(slot *statement, tests intervalTests) (found []rows) {
	where := sql(slot.String()+" AND x.unit = u.unit", slot.args...)
	written := sql(slot.String()+" AND x.unit <= 0", slot.args...)
	for _, part := range []struct {
		from string
		list []alternative
	}{{primary("quantity"), tests.low}, {"quantity x", tests.high}} {
		if len(part.list) == 0 {
			continue
		}
		list := spread(writtenUnits+part.from, where, part.list, func(where *statement, _ bool) rows { return rows{from: writtenUnits + part.from, where: where} })
		for i := range list {
			list[i].fromArgs = append(list[i].fromArgs, slot.args[0], slot.args[0])
			if len(list) == len(part.list) {
				a := part.list[i]
				list[i].probe = byResource("quantity")(sql(written.String()+" AND "+a.text, append(written.args[:1:1], a.args...)...), false).probe
			}
		}
		found = append(found, list...)
	}
	return found
}

// quantityKey is the sort key of quantities: the amount in the unit in which they compare; of a resource that has none, the
// amount as written.
func (c *compiler) quantityKey(sources []*statement, pick string) *statement {
	each := func(condition string) *statement {
		s := sql("(SELECT " + pick + "(k) FROM (")
		for i, where := range sources {
			if i > 0 {
				s.add(" UNION ALL ")
			}
			s.add("SELECT " + pick + "(x.low) AS k FROM quantity x INDEXED BY quantity_n WHERE ").include(where).add(" AND x.n = m.n AND x.unit " + condition)
		}
		return s.add("))")
	}
	return sql("coalesce(").include(each("> 0")).add(", ").include(each("<= 0")).add(")")
}

package sqlite

import (
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// highBound is a bound as column high has it: empty where it is that of the same number as the low one.
func highBound(i search.Interval) blob {
	if i.Point() {
		return ""
	}
	return blob(i.High)
}

// indexNumbers runs the statement, which takes the columns of the table in order, over the values.
func (w *writer) indexNumbers(n int64, values []search.NumberValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		bindArgument(stmt, 2, blob(v.Low))
		bindArgument(stmt, 3, highBound(v.Interval))
		stmt.BindInt64(4, n)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

// intervalTests are alternatives on the columns low and high.
type intervalTests struct {
	low []alternative // the primary key leads to them
	// What lies on both sides of a bound. The index by high leads to it, and SQLite is left to find that out: told, it fails
	// where another condition says that nothing matches, because it then forgets why the index may be used.
	high []alternative
}

func (list *intervalTests) add(t intervalTests) {
	list.low, list.high = append(list.low, t.low...), append(list.high, t.high...)
}

// numberTests are the conditions of search.NumberTest.Matches, of which one has to hold. A number with an empty high reaches
// beyond a bound if its low is not below it: no bound lies between the two.
func numberTests(t search.NumberTest) (list intervalTests) {
	low, high := blob(t.Low), blob(t.High)
	test := func(text string, args ...any) { list.low = append(list.low, alternative{text: text, args: args}) }
	around := func(args ...any) {
		list.high = append(list.high, alternative{text: "x.high <> x'' AND x.high > ? AND +x.low < ?", args: args})
	}
	within := func() { test("x.low >= ? AND x.low < ? AND x.high <= ?", low, high, high) }
	before := func() { test("x.low < ?", low) }
	after := func() {
		test("x.low >= ?", high)
		around(high, high)
	}
	switch t.Prefix {
	case search.NotEqual:
		before()
		after()
	case search.Greater:
		after()
	case search.Less:
		before()
	case search.GreaterEqual:
		within()
		after()
	case search.LessEqual:
		before()
		within()
	case search.StartsAfter:
		test("x.low >= ?", high)
	case search.EndsBefore:
		test("x.low < ? AND x.high <= ?", low, low)
	case search.Approximately:
		test("x.low >= ? AND x.low < ?", low, high)
		around(low, low)
	default:
		within()
	}
	return list
}

// number compiles a Number.
func (c *compiler) number(e *search.Number) (*criterion, error) {
	var tests intervalTests
	for _, t := range e.Any {
		tests.add(numberTests(t))
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, tests.rows("number", slot)...)
	})
}

// rows makes rows of a table whose primary key begins with what where fixes, and then low.
func (list intervalTests) rows(table string, where *statement) []rows {
	found := spread(primary(table), where, list.low, byResource(table))
	return append(found, spread(table+" x", where, list.high, func(where *statement, _ bool) rows {
		r := byResource(table)(where, false)
		r.from = table + " x"
		return r
	})...)
}

package sqlite

import (
	"strings"

	"andiron.dev/search"
)

// date compiles a Date: the conditions of search.DateTest.Matches on the columns low and high.
func (c *compiler) date(e *search.Date) (*criterion, error) {
	var tests intervalTests
	for _, t := range e.Any {
		for _, a := range dateTests(t) {
			tests.add(dateWays(a))
		}
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, tests.rows("date", slot)...)
	})
}

// What dateTests says of high alone has no range in the primary key.
const (
	endsAfter = "x.high > ?"
	overlaps  = "x.low < ? AND x.high > ?"
	// crosses is true for the intervals that index date_long has, in its own words.
	crosses = "substr(hex(x.high), 1, 5) > substr(hex(x.low), 1, 5)"
)

// dateWays are the ways to the rows that satisfy a condition: of the intervals that end after an instant, few begin long before it.
func dateWays(a alternative) intervalTests {
	if a.text != endsAfter && a.text != overlaps {
		return intervalTests{low: []alternative{a}}
	}
	from := crossing(a.args[len(a.args)-1].(blob))
	near, long := a, a
	near.text, near.args = "x.low >= ? AND "+a.text, append([]any{from}, a.args...)
	long.text, long.args = crosses+" AND +x.low < ? AND "+strings.ReplaceAll(a.text, "x.low", "+x.low"), append([]any{from}, a.args...)
	return intervalTests{low: []alternative{near}, high: []alternative{long}}
}

// crossing is where the intervals begin that end after an instant, but for those that cross.
func crossing(instant blob) blob {
	if len(instant) < 5 {
		return ""
	}
	return blob([]byte{instant[0], instant[1], instant[2] & 0xf0, 0, 0})
}

// dateTests are the conditions of which one has to hold.
func dateTests(t search.DateTest) []alternative {
	low, high := blob(instant(t.Low)), blob(instant(t.High))
	test := func(text string, args ...any) alternative { return alternative{text: text, args: args} }
	// low < high holds for every interval, so "within" can bound low on both sides: a range of the index.
	within := test("x.low >= ? AND x.low < ? AND x.high <= ?", low, high, high)
	before := test("x.low < ?", low)
	after := test(endsAfter, high)
	switch t.Prefix {
	case search.NotEqual:
		return []alternative{before, after}
	case search.Greater:
		return []alternative{after}
	case search.Less:
		return []alternative{before}
	case search.GreaterEqual:
		return []alternative{after, within}
	case search.LessEqual:
		return []alternative{before, within}
	case search.StartsAfter:
		return []alternative{test("x.low >= ?", high)}
	case search.EndsBefore:
		return []alternative{test("x.low < ? AND x.high <= ?", low, low)}
	case search.Approximately:
		return []alternative{test(overlaps, high, low)}
	}
	return []alternative{within}
}

package sqlite

import "andiron.dev/search"

// date compiles a Date: the conditions of search.DateTest.Matches on the columns low and high.
func (c *compiler) date(e *search.Date) (*criterion, error) {
	var alternatives []alternative
	for _, t := range e.Any {
		alternatives = append(alternatives, dateTests(t)...)
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread(primary("date"), slot, alternatives, byResource("date"))...)
	})
}

// dateTests are the conditions of which one has to hold.
func dateTests(t search.DateTest) []alternative {
	low, high := blob(instant(t.Low)), blob(instant(t.High))
	test := func(text string, args ...any) alternative { return alternative{text: text, args: args} }
	// low < high holds for every interval, so "within" can bound low on both sides: a range of the index.
	within := test("x.low >= ? AND x.low < ? AND x.high <= ?", low, high, high)
	before := test("x.low < ?", low)
	after := test("x.high > ?", high)
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
		return []alternative{test("x.high <= ?", low)}
	case search.Approximately:
		return []alternative{test("x.low < ? AND x.high > ?", high, low)}
	}
	return []alternative{within}
}

package sqlite

import (
	"math"
	"time"

	"andiron.dev/search"
)

// lastUpdated compiles _lastUpdated. Time never runs against the commit order, so a range of time is a range of seq.
func (c *compiler) lastUpdated(e *search.Date) (*criterion, error) {
	var alternatives []alternative
	for _, t := range e.Any {
		ranges, err := c.seqRanges(t)
		if err != nil {
			return nil, err
		}
		for _, r := range ranges {
			alternatives = append(alternatives, alternative{text: "x.seq >= ? AND x.seq < ?", args: []any{r.from, r.to}})
		}
	}
	where := sql("x.rid >> 32 = ? AND EXISTS (SELECT 1 FROM current y WHERE y.rid = x.rid AND y.seq = x.seq AND y.deleted = 0)", c.typ)
	list := spread("version x", where, alternatives, func(where *statement, _ bool) rows { return rows{from: "version x", where: where} })
	for i := range list {
		list[i].n = "(x.rid & 4294967295)"
		if len(list) == len(alternatives) {
			list[i].probe = func(n string) *statement {
				a := alternatives[i]
				return sql("EXISTS (SELECT 1 FROM current x WHERE x.rid = (? | "+n+") AND ", rid(c.typ, 0)).add(a.text, a.args...).add(")")
			}
		}
	}
	return &criterion{rows: list}, nil
}

// seqRange is a half-open range of seq.
type seqRange struct{ from, to int64 }

// seqRanges is a test on seq. Times are whole milliseconds, so every test is a range of them, or the outside of one.
func (c *compiler) seqRanges(t search.DateTest) ([]seqRange, error) {
	low, err := c.firstSince(t.Low)
	if err != nil {
		return nil, err
	}
	high, err := c.firstSince(t.High)
	if err != nil {
		return nil, err
	}
	switch t.Prefix {
	case search.NotEqual:
		return []seqRange{{0, low}, {high, math.MaxInt64}}, nil
	case search.Greater, search.StartsAfter:
		return []seqRange{{high, math.MaxInt64}}, nil
	case search.Less, search.EndsBefore:
		return []seqRange{{0, low}}, nil
	case search.GreaterEqual:
		return []seqRange{{low, math.MaxInt64}}, nil
	case search.LessEqual:
		return []seqRange{{0, high}}, nil
	}
	return []seqRange{{low, high}}, nil
}

// millisUp is the first whole millisecond at or after t.
func millisUp(t time.Time) int64 {
	return t.Add(time.Millisecond - time.Nanosecond).UnixMilli()
}

package search

import (
	"time"

	"andiron.dev/fhir"
)

// Date is a criterion on dates, times and periods (http://hl7.org/fhir/R4/search.html#date). Both sides are intervals: a
// value of 2024-05 means all of May.
type Date struct {
	criterion
	Any []DateTest
}

// DateTest is one alternative.
type DateTest struct {
	Prefix    Prefix
	Low, High time.Time // half-open, UTC
}

func parseDate(c criterion, o *Options) (Expr, error) {
	d := &Date{criterion: c}
	for _, raw := range c.raw {
		prefix, text := cutPrefix(unescape(raw))
		t, ok := fhir.ParseTemporal(text, o.zone())
		if !ok {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' is not a date; dates look like 2024, 2024-05, 2024-05-31 or 2024-05-31T14:30:00Z, "+
				"with a prefix such as ge where one is meant", c.Param.Code)
		}
		test := DateTest{Prefix: prefix, Low: t.Low, High: t.High}
		if prefix == Approximately {
			test = test.widen(o.now())
		}
		d.Any = append(d.Any, test)
	}
	return d, nil
}

// widen makes room for "approximately": a tenth of the distance to now, as R4 recommends.
func (t DateTest) widen(now time.Time) DateTest {
	distance := now.Sub(t.Low)
	if distance < 0 {
		distance = -distance
	}
	t.Low, t.High = t.Low.Add(-distance/10), t.High.Add(distance/10)
	return t
}

// Matches reports whether one indexed interval passes the test.
func (t DateTest) Matches(v DateValue) bool {
	return t.Prefix.holds(relation{
		startsBefore: v.Low.IsZero() || v.Low.Before(t.Low), endsAfter: v.High.IsZero() || v.High.After(t.High),
		startsAfter: !v.Low.IsZero() && !v.Low.Before(t.High), endsBefore: !v.High.IsZero() && !v.High.After(t.Low),
	})
}

func (d *Date) match(v *Values) bool {
	return anyValue(v.Dates, d.Any, func(v *DateValue) bool { return d.Param.has(v.Slot) }, DateTest.Matches)
}

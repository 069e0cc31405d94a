package search

import (
	"strings"

	"andiron.dev/fhir"
	"github.com/cockroachdb/apd/v3"
)

// Number is a criterion on numbers (http://hl7.org/fhir/R4/search.html#number).
type Number struct {
	criterion
	Any []NumberTest
}

// NumberTest is one alternative. Without a prefix, and with eq and ne, the interval is what the number as written may have
// been rounded from: 100 means [99.5, 100.5). With ap it goes a tenth of the number further than that to either side, if
// that is more. With the other prefixes it is the number alone.
type NumberTest struct {
	Prefix Prefix
	Interval
}

// NumberValue is a number, or an interval that it lies in.
type NumberValue struct {
	Slot *Slot
	Interval
}

func parseNumber(c criterion) (Expr, error) {
	n := &Number{criterion: c}
	for _, raw := range c.raw {
		prefix, text := cutPrefix(unescape(raw))
		s, ok := searched(prefix, text)
		if !ok {
			return nil, badNumber(c, "")
		}
		n.Any = append(n.Any, NumberTest{Prefix: prefix, Interval: s.interval()})
	}
	return n, nil
}

func badNumber(c criterion, form string) error {
	return fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' is not a number%s; numbers look like 100, -5.40 or 1e-3, with a prefix such as ge where one is meant, "+
		"and have at most %d digits and exponents of at most %d", c.Param.Code, form, maxDigits, maxExponent)
}

// place is a bound in the making; without a number it is an end of the line.
type place struct {
	number *apd.Decimal
	above  bool
}

// span is an Interval in the making.
type span struct{ low, high place }

func (s span) interval() Interval {
	i := Interval{Low: LineStart, High: LineEnd}
	if s.low.number != nil {
		i.Low = bound(s.low.number, s.low.above)
	}
	if s.high.number != nil {
		i.High = bound(s.high.number, s.high.above)
	}
	return i
}

// closed is all from low to high, ends included; nil is an end of the line.
func closed(low, high *apd.Decimal) span {
	return span{low: place{number: low}, high: place{number: high, above: true}}
}

// searched gives what a client's number and prefix mean. It is false for what is no number, and for one that is too long.
func searched(prefix Prefix, text string) (s span, ok bool) {
	d, ok := readDecimal(text)
	if !ok || !d.exact() {
		return s, false
	}
	n, _, err := apd.NewFromString(text) // as written: the zeros at the end are precision
	if err != nil || n.NumDigits() > maxDigits || n.Exponent < -maxExponent-maxDigits || n.Exponent > maxExponent {
		return s, false
	}
	low, high := rounded(n, strings.ContainsAny(text, "eE"))
	switch prefix {
	case Equal, NotEqual:
		return span{low: place{number: low}, high: place{number: high}}, true
	case Approximately:
		nine, eleven := tenths(n, 9), tenths(n, 11)
		return closed(least(low, nine, eleven), greatest(high, nine, eleven)), true
	}
	return closed(n, n), true
}

// Matches reports whether an indexed number passes the test: as dates do (see DateTest), interval by interval.
func (t NumberTest) Matches(v NumberValue) bool { return t.holds(v.Interval) }

func (t NumberTest) holds(v Interval) bool {
	return t.Prefix.holds(relation{startsBefore: v.Low < t.Low, endsAfter: v.High > t.High, startsAfter: v.Low >= t.High, endsBefore: v.High <= t.Low})
}

func (n *Number) match(v *Values) bool {
	return anyValue(v.Numbers, n.Any, func(v *NumberValue) bool { return n.Param.has(v.Slot) }, NumberTest.Matches)
}

package path

import (
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// pair is two quantities in one unit.
type pair struct {
	x, y     *apd.Decimal
	unit     string
	calendar bool
}

// commensurable expresses two quantities in one unit: the more granular one where both are durations, the unit of the
// first otherwise. ok is false when they do not measure the same, or nobody knows.
func (ev *Evaluator) commensurable(x *apd.Decimal, unitX string, y *apd.Decimal, unitY string) (p pair, ok bool) {
	if unitX == unitY {
		return pair{x, y, unitX, calendarUnit(unitX)}, true
	}
	dx, definiteX := durationOf(unitX)
	dy, definiteY := durationOf(unitY)
	calendarX, calendarY := dx != noDuration && !definiteX, dy != noDuration && !definiteY
	if calendarX && calendarY {
		return durations(x, unitX, dx, y, unitY, dy)
	}
	if ev.env.Units == nil || calendarX && dx <= months || calendarY && dy <= months {
		return p, false
	}
	if calendarX {
		unitX = dx.code()
	}
	if calendarY {
		unitY = dy.code()
	}
	y, ok = ev.env.Units.Convert(y, unitY, unitX)
	return pair{x, y, unitX, false}, ok
}

func durations(x *apd.Decimal, unitX string, dx duration, y *apd.Decimal, unitY string, dy duration) (p pair, ok bool) {
	finer := max(dx, dy)
	p.unit = unitX
	if finer != dx {
		p.unit = unitY
	}
	p.calendar = calendarUnit(p.unit)
	var okX, okY bool
	p.x, okX = convertDuration(x, dx, finer)
	p.y, okY = convertDuration(y, dy, finer)
	return p, okX && okY
}

// asQuantity converts a number or quantity to a quantity; numbers have the unit '1'.
func (v *Value) asQuantity() (Value, bool) {
	switch v.kind {
	case SystemQuantity:
		return *v, true
	case SystemInteger, SystemDecimal:
		text, _ := v.asString()
		return quantity(text, "1", false)
	}
	return Value{}, false
}

// equivalentQuantities is ~ for quantities: the numbers are rounded to the precision of the less precise one, in the
// unit of either, and 'a' and 'mo' are years and months (http://hl7.org/fhirpath/N1/#equivalent).
func (ev *Evaluator) equivalentQuantities(p, q *Value) bool {
	a, unitA := p.parts()
	b, unitB := q.parts()
	if unitA == unitB {
		return equivalentNumbers(a, b)
	}
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	if !okX || !okY {
		return false
	}
	dx, _ := durationOf(unitA)
	dy, _ := durationOf(unitB)
	if dx != noDuration && dy != noDuration {
		d, ok := durations(x, unitA, dx, y, unitB, dy)
		return ok && equivalentDecimals(d.x, d.y)
	}
	if d, ok := ev.commensurable(x, unitA, y, unitB); ok && equivalentDecimals(d.x, d.y) {
		return true
	}
	d, ok := ev.commensurable(y, unitB, x, unitA)
	return ok && equivalentDecimals(d.x, d.y)
}

// equivalentNumbers is ~ for numbers.
func equivalentNumbers(a, b string) bool {
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	return okX && okY && equivalentDecimals(x, y)
}

func equivalentDecimals(x, y *apd.Decimal) bool {
	places := min(significantPlaces(x), significantPlaces(y))
	a, okA := roundTo(x, places)
	b, okB := roundTo(y, places)
	return okA && okB && a.Cmp(b) == 0
}

// significantPlaces is the number of digits after the point, zeros at the end aside.
func significantPlaces(d *apd.Decimal) int {
	r, _ := new(apd.Decimal).Reduce(d)
	return max(0, -int(r.Exponent))
}

// roundTo rounds to so many digits after the point, halves away from zero.
func roundTo(d *apd.Decimal, places int) (*apd.Decimal, bool) {
	if places > maxDigits || places > math.MaxInt32 {
		return d, true
	}
	c := exact()
	c.Rounding = apd.RoundHalfUp
	r := new(apd.Decimal)
	_, err := c.Quantize(r, d, -int32(places))
	return r, err == nil
}

// normalized is a string as ~ sees it: without case, white space as single blanks.
func normalized(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

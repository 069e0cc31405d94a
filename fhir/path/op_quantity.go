package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// quantities applies an operator to two quantities, or a quantity and a number.
func (ev *Evaluator) quantities(operator string, l, r *Value, pos int) (v Value, ok bool, err error) {
	p, okP := l.asQuantity()
	q, okQ := r.asQuantity()
	if !okP || !okQ || operator == "div" || operator == "mod" {
		return v, false, faultAt(pos, "%s is not defined for these types", operator)
	}
	a, unitA := p.parts()
	b, unitB := q.parts()
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	if !okX || !okY {
		return v, false, nil
	}
	sum := pair{x: x, y: y}
	switch operator {
	case "*":
		sum.unit = productUnit(unitA, unitB)
	case "/":
		sum.unit = quotientUnit(unitA, unitB)
	default:
		if sum, ok = ev.granular(x, unitA, y, unitB); !ok {
			return v, false, nil
		}
	}
	d, ok := calculate(operator, sum.x, sum.y)
	if !ok {
		return v, false, nil
	}
	n, ok := formatDecimal(d)
	if !ok {
		return v, false, nil
	}
	v, ok = quantity(n, sum.unit, calendarUnit(sum.unit))
	return v, ok, nil
}

// granular expresses two quantities in the more granular of their units.
func (ev *Evaluator) granular(x *apd.Decimal, unitX string, y *apd.Decimal, unitY string) (pair, bool) {
	p, ok := ev.commensurable(x, unitX, y, unitY)
	if !ok || p.calendar || p.unit == unitY || p.unit != unitX {
		return p, ok
	}
	one := apd.New(1, 0)
	unit, ok := ev.commensurable(one, unitX, one, unitY)
	if !ok || unit.y.Cmp(one) >= 0 {
		return p, ok
	}
	q, ok := ev.commensurable(y, unitY, x, unitX)
	return pair{x: q.y, y: q.x, unit: q.unit}, ok
}

// productUnit writes the product of two units as UCUM does.
func productUnit(a, b string) string {
	switch {
	case a == "1":
		return b
	case b == "1":
		return a
	}
	return ucumCode(a) + "." + factor(b)
}

func quotientUnit(a, b string) string {
	switch {
	case b == "1":
		return a
	case a == b:
		return "1"
	}
	return ucumCode(a) + "/" + factor(b)
}

// ucumCode is the code of a calendar word, and any other unit itself.
func ucumCode(unit string) string {
	if d, definite := durationOf(unit); !definite && d.code() != "" {
		return d.code()
	}
	return unit
}

// factor is a unit as the right side of a product or quotient.
func factor(unit string) string {
	unit = ucumCode(unit)
	if strings.ContainsAny(unit, "./") {
		return "(" + unit + ")"
	}
	return unit
}

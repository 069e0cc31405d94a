package path

import (
	"strings"
)

// toQuantity is http://hl7.org/fhirpath/N1/#toquantityunit-string-quantity, without the unit.
func toQuantity(v *Value) (Value, bool) {
	switch v.kind {
	case SystemBoolean:
		d, ok := toDecimal(v)
		if !ok {
			return d, false
		}
		return quantity(d.text, "1", false)
	case SystemString:
		return parseQuantity(v.text)
	}
	return v.asQuantity()
}

// parseQuantity reads "4.5", "4.5 'mg'" and "4 days".
func parseQuantity(s string) (Value, bool) {
	n, unit, _ := strings.Cut(strings.TrimPrefix(s, "+"), " ")
	unit = strings.TrimSpace(unit)
	switch {
	case !decimalShape(n):
		return Value{}, false
	case unit == "":
		return quantity(n, "1", false)
	case calendarUnit(unit):
		return quantity(n, unit, true)
	case len(unit) < 3 || unit[0] != '\'' || unit[len(unit)-1] != '\'':
		return Value{}, false
	}
	return quantity(n, unit[1:len(unit)-1], false)
}

// in converts a quantity to another unit.
func (ev *Evaluator) in(q *Value, unit string) (Value, bool) {
	n, from := q.parts()
	unit = strings.Trim(unit, "'")
	if from == unit {
		return *q, true
	}
	d, ok := parseDecimal(n)
	if !ok {
		return Value{}, false
	}
	a, definiteA := durationOf(from)
	b, definiteB := durationOf(unit)
	switch {
	case a != noDuration && b != noDuration && !definiteA && !definiteB:
		d, ok = convertDuration(d, a, b)
	case ev.env.Units != nil:
		d, ok = ev.env.Units.Convert(d, ucumCode(from), ucumCode(unit))
	default:
		return Value{}, false
	}
	if !ok {
		return Value{}, false
	}
	n, ok = formatDecimal(d)
	if !ok {
		return Value{}, false
	}
	return quantity(n, unit, calendarUnit(unit))
}

// convertQuantity is the input as a quantity, in the unit of the argument if there is one. present is false for an
// empty input or unit.
func (c *call) convertQuantity(ev *Evaluator, mark int) (q Value, ok, present bool, err error) {
	v, present, err := c.single(ev, mark)
	if err != nil || !present {
		return v, false, false, err
	}
	q, ok = toQuantity(&v)
	if len(c.args) == 0 {
		return q, ok, true, nil
	}
	unit, present, err := ev.text(c.args[0], c.pos)
	if err != nil || !present {
		return q, false, false, err
	}
	if ok {
		q, ok = ev.in(&q, unit)
	}
	return q, ok, true, nil
}

func convertsToQuantity(ev *Evaluator, c *call, mark int) (truth, error) {
	_, ok, present, err := c.convertQuantity(ev, mark)
	if err != nil || !present {
		return isEmpty, err
	}
	return truthOf(ok), nil
}

func toQuantityUnit(ev *Evaluator, c *call, mark int) error {
	q, ok, _, err := c.convertQuantity(ev, mark)
	ev.stack = ev.stack[:mark]
	if err != nil || !ok {
		return err
	}
	return ev.push(q)
}

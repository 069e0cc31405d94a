package path

// boundaryFunction finds lowBoundary(), highBoundary(), precision() and comparable(), which R4's tests take from the
// release after N1 (http://hl7.org/fhirpath/#boundary-functions).
func boundaryFunction(name string) (function, bool) {
	switch name {
	case "lowBoundary":
		return function{max: 1, eval: boundary(false)}, true
	case "highBoundary":
		return function{max: 1, eval: boundary(true)}, true
	case "precision":
		return function{result: resultInteger, eval: precision}, true
	case "comparable":
		return function{min: 1, max: 1, result: resultBoolean, truth: comparable}, true
	}
	return function{}, false
}

// boundary makes a function that gives the least, or greatest, value that the input may stand for.
func boundary(high bool) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, c *call, mark int) error {
		v, ok, err := c.single(ev, mark)
		if err != nil || !ok {
			return err
		}
		digits, given := int32(0), false
		if len(c.args) > 0 {
			if digits, given, err = ev.integer(c.args[0], c.pos); err != nil {
				return err
			}
			if !given {
				ev.stack = ev.stack[:mark]
				return nil
			}
		}
		ev.stack = ev.stack[:mark]
		switch {
		case v.numeric() || v.kind == SystemQuantity:
			if !given {
				digits = 8
			}
			v, ok = boundaryNumber(v, int(digits), high)
		case v.dated() || v.kind == SystemTime:
			v, ok = boundaryMoment(v, int(digits), given, high)
		default:
			return faultAt(c.pos, "%s() needs a number, quantity, date or time", c.name)
		}
		if !ok {
			return nil
		}
		return ev.push(v)
	}
}

// precision is the number of digits: those after the point of a number, all of a date or time.
func precision(ev *Evaluator, c *call, mark int) error {
	v, ok, err := c.single(ev, mark)
	if err != nil || !ok {
		return err
	}
	if v.numeric() {
		d, ok := v.Decimal()
		if !ok {
			return ev.replace(mark, Integer(0))
		}
		return ev.replace(mark, Integer(max(0, -d.Exponent)))
	}
	if !v.dated() && v.kind != SystemTime {
		return faultAt(c.pos, "precision() needs a number, date or time")
	}
	m, ok := v.moment()
	if !ok {
		ev.stack = ev.stack[:mark]
		return nil
	}
	digits := [...]int32{0, 4, 6, 8, 10, 12, 14}[m.precision]
	if m.digits > 0 {
		digits += 3
	}
	if v.kind == SystemTime {
		digits -= 8
	}
	return ev.replace(mark, Integer(digits))
}

// comparable reports whether two quantities can be compared.
func comparable(ev *Evaluator, c *call, mark int) (truth, error) {
	v, ok, err := c.single(ev, mark)
	if err != nil || !ok {
		return isEmpty, err
	}
	o, ok, err := ev.single(c.args[0], c.pos)
	if err != nil || !ok {
		return isEmpty, err
	}
	o = o.system()
	p, okP := v.asQuantity()
	q, okQ := o.asQuantity()
	if !okP || !okQ {
		return isEmpty, faultAt(c.pos, "comparable() needs quantities")
	}
	_, ok = ev.compareQuantities(&p, &q)
	return truthOf(ok), nil
}

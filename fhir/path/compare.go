package path

// comparison is <, <=, >, >= (http://hl7.org/fhirpath/N1/#comparison).
type comparison struct {
	operands
	operator string
}

func (x *comparison) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *comparison) truth(ev *Evaluator) (truth, error) {
	l, r, ok, err := x.singles(ev)
	if err != nil || !ok {
		return isEmpty, err
	}
	order, t, err := ev.compare(l, r, x.pos)
	if err != nil || t != isTrue {
		return isEmpty, err
	}
	switch x.operator {
	case "<":
		return truthOf(order < 0), nil
	case "<=":
		return truthOf(order <= 0), nil
	case ">":
		return truthOf(order > 0), nil
	}
	return truthOf(order >= 0), nil
}

// compare orders two System values. The truth is isEmpty when they cannot be told apart, for instance @2018 and
// @2018-03; values of different types are an error.
func (ev *Evaluator) compare(x, y Value, pos int) (order int, t truth, err error) {
	if err := ev.read(min(len(x.text), len(y.text))); err != nil {
		return 0, isEmpty, err
	}
	ok := true
	switch {
	case x.numeric() && y.numeric():
		order, ok = compareNumeric(&x, &y)
	case x.kind == SystemString && y.kind == SystemString:
		// UTF-8 sorts as Unicode does.
		switch {
		case x.text < y.text:
			order = -1
		case x.text > y.text:
			order = 1
		}
	case x.dated() && y.dated() || x.kind == SystemTime && y.kind == SystemTime:
		order, ok = compareTemporal(&x, &y)
	case x.kind == SystemQuantity || y.kind == SystemQuantity:
		p, okX := x.asQuantity()
		q, okY := y.asQuantity()
		if !okX || !okY {
			return 0, isEmpty, faultAt(pos, "these types cannot be compared")
		}
		order, ok = ev.compareQuantities(&p, &q)
	default:
		return 0, isEmpty, faultAt(pos, "these types cannot be compared")
	}
	if !ok {
		return 0, isEmpty, nil
	}
	return order, isTrue, nil
}

// compareQuantities orders quantities of units that measure the same.
func (ev *Evaluator) compareQuantities(p, q *Value) (order int, ok bool) {
	a, unitA := p.parts()
	b, unitB := q.parts()
	if unitA == unitB && p.flag == q.flag {
		return compareNumbers(a, b)
	}
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	if !okX || !okY {
		return 0, false
	}
	c, ok := ev.commensurable(x, unitA, y, unitB)
	if !ok {
		return 0, false
	}
	return c.x.Cmp(c.y), true
}

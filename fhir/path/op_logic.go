package path

// operands are the two sides of a binary operator.
type operands struct {
	left, right op
	pos         int
}

// singles evaluates both sides, each of which must give at most one value, and converts them to System values. ok is
// false when one has none.
func (o *operands) singles(ev *Evaluator) (l, r Value, ok bool, err error) {
	l, okLeft, err := ev.single(o.left, o.pos)
	if err != nil {
		return l, r, false, err
	}
	r, okRight, err := ev.single(o.right, o.pos)
	if err != nil || !okLeft || !okRight {
		return l, r, false, err
	}
	l, r = l.system(), r.system()
	ok = !l.valueless() && !r.valueless() && !l.unconvertible() && !r.unconvertible()
	return l, r, ok, nil
}

// logic is and, or, xor, implies (http://hl7.org/fhirpath/N1/#boolean-logic).
type logic struct {
	operands
	operator string
}

func (x *logic) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *logic) truth(ev *Evaluator) (truth, error) {
	l, err := ev.truth(x.left, x.pos)
	if err != nil {
		return isEmpty, err
	}
	if t, ok := x.shortcut(l); ok {
		return t, nil
	}
	r, err := ev.truth(x.right, x.pos)
	if err != nil {
		return isEmpty, err
	}
	switch x.operator {
	case "and":
		return both(l, r), nil
	case "or":
		return both(l.not(), r.not()).not(), nil
	case "implies":
		return both(l, r.not()).not(), nil
	}
	if l == isEmpty || r == isEmpty {
		return isEmpty, nil
	}
	return truthOf(l != r), nil
}

// shortcut decides by the left side alone where that is possible, which N1 allows.
func (x *logic) shortcut(l truth) (truth, bool) {
	switch {
	case x.operator == "and" && l == isFalse:
		return isFalse, true
	case x.operator == "or" && l == isTrue, x.operator == "implies" && l == isFalse:
		return isTrue, true
	}
	return isEmpty, false
}

func both(l, r truth) truth {
	switch {
	case l == isFalse || r == isFalse:
		return isFalse
	case l == isEmpty || r == isEmpty:
		return isEmpty
	}
	return isTrue
}

package path

// equality is = and != (http://hl7.org/fhirpath/N1/#equality).
type equality struct {
	operands
	negate bool
}

func (x *equality) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *equality) truth(ev *Evaluator) (truth, error) {
	mark := len(ev.stack)
	if err := x.left.eval(ev); err != nil {
		return isEmpty, err
	}
	middle := len(ev.stack)
	if err := x.right.eval(ev); err != nil {
		return isEmpty, err
	}
	t, err := ev.equalCollections(ev.stack[mark:middle], ev.stack[middle:])
	ev.stack = ev.stack[:mark]
	if x.negate {
		t = t.not()
	}
	return t, err
}

// equalCollections compares item by item, in order.
func (ev *Evaluator) equalCollections(a, b []Value) (truth, error) {
	if len(a) == 0 || len(b) == 0 {
		return isEmpty, nil
	}
	if len(a) != len(b) {
		return isFalse, nil
	}
	t := isTrue
	for i := range a {
		e, err := ev.equal(&a[i], &b[i])
		if err != nil || e == isFalse {
			return isFalse, err
		}
		t = both(t, e)
	}
	return t, nil
}

// equivalence is ~ and !~ (http://hl7.org/fhirpath/N1/#equivalent).
type equivalence struct {
	operands
	negate bool
}

func (x *equivalence) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *equivalence) truth(ev *Evaluator) (truth, error) {
	mark := len(ev.stack)
	if err := x.left.eval(ev); err != nil {
		return isEmpty, err
	}
	middle := len(ev.stack)
	if err := x.right.eval(ev); err != nil {
		return isEmpty, err
	}
	same, err := ev.equivalentCollections(ev.stack[mark:middle], ev.stack[middle:])
	ev.stack = ev.stack[:mark]
	return truthOf(same != x.negate), err
}

// membership is in and contains (http://hl7.org/fhirpath/N1/#collections-1).
type membership struct {
	item, collection op
	pos              int
}

func (x *membership) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *membership) truth(ev *Evaluator) (truth, error) {
	item, ok, err := ev.single(x.item, x.pos)
	if err != nil {
		return isEmpty, err
	}
	mark := len(ev.stack)
	if err := x.collection.eval(ev); err != nil {
		return isEmpty, err
	}
	items := ev.stack[mark:]
	ev.stack = ev.stack[:mark]
	if !ok {
		return isEmpty, nil
	}
	in, err := ev.contains(items, &item)
	return truthOf(in), err
}

// contains reports whether an item of the collection equals v.
func (ev *Evaluator) contains(items []Value, v *Value) (bool, error) {
	for i := range items {
		t, err := ev.equal(&items[i], v)
		if err != nil || t == isTrue {
			return t == isTrue, err
		}
	}
	return false, nil
}

// union is | (http://hl7.org/fhirpath/N1/#union-collections).
type union struct{ operands }

func (x *union) eval(ev *Evaluator) error {
	mark := len(ev.stack)
	if err := x.left.eval(ev); err != nil {
		return err
	}
	if err := x.right.eval(ev); err != nil {
		return err
	}
	return ev.distinct(mark)
}

// distinct removes from what lies above mark the items that equal one before them.
func (ev *Evaluator) distinct(mark int) error {
	kept := set{from: mark, to: mark}
	for i := mark; i < len(ev.stack); i++ {
		in, err := kept.has(ev, &ev.stack[i])
		if err != nil {
			return err
		}
		if in {
			continue
		}
		ev.stack[kept.to] = ev.stack[i]
		if err := kept.extend(ev); err != nil {
			return err
		}
	}
	ev.stack = ev.stack[:kept.to]
	return nil
}

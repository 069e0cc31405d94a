package path

// single evaluates x, which must give at most one value.
func (ev *Evaluator) single(x op, pos int) (v Value, ok bool, err error) {
	mark := len(ev.stack)
	if err := x.eval(ev); err != nil {
		return v, false, err
	}
	return ev.popSingle(mark, pos)
}

// popSingle takes the one value that lies above mark.
func (ev *Evaluator) popSingle(mark, pos int) (v Value, ok bool, err error) {
	items := ev.stack[mark:]
	ev.stack = ev.stack[:mark]
	switch len(items) {
	case 0:
		return v, false, nil
	case 1:
		return items[0], true, nil
	}
	return v, false, faultAt(pos, "a single value was expected, not several")
}

// integer evaluates x, which must give at most one Integer.
func (ev *Evaluator) integer(x op, pos int) (i int32, ok bool, err error) {
	v, ok, err := ev.single(x, pos)
	if err != nil || !ok {
		return 0, false, err
	}
	if v = v.system(); v.valueless() {
		return 0, false, nil
	}
	if v.kind != SystemInteger {
		return 0, false, faultAt(pos, "an Integer was expected")
	}
	return v.num, true, nil
}

// text evaluates x, which must give at most one String.
func (ev *Evaluator) text(x op, pos int) (s string, ok bool, err error) {
	v, ok, err := ev.single(x, pos)
	if err != nil || !ok {
		return "", false, err
	}
	if v = v.system(); v.valueless() {
		return "", false, nil
	}
	if v.kind != SystemString {
		return "", false, faultAt(pos, "a String was expected")
	}
	return v.text, true, nil
}

package path

// truth is a value of three-valued logic (http://hl7.org/fhirpath/N1/#boolean-logic).
type truth int8

const (
	isEmpty truth = iota - 1
	isFalse
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) not() truth {
	if t == isEmpty {
		return isEmpty
	}
	return 1 - t
}

// criterion is an operation whose result is a truth, so that where() and its like need no value for it.
type criterion interface {
	truth(ev *Evaluator) (truth, error)
}

// truth evaluates an operation as http://hl7.org/fhirpath/N1/#singleton-evaluation says for Boolean: a single value
// that is no Boolean is true.
func (ev *Evaluator) truth(x op, pos int) (truth, error) {
	if c, ok := x.(criterion); ok {
		return c.truth(ev)
	}
	mark := len(ev.stack)
	if err := x.eval(ev); err != nil {
		return isEmpty, err
	}
	return ev.popTruth(mark, pos)
}

// popTruth takes what lies above mark as a truth.
func (ev *Evaluator) popTruth(mark, pos int) (truth, error) {
	items := ev.stack[mark:]
	ev.stack = ev.stack[:mark]
	switch len(items) {
	case 0:
		return isEmpty, nil
	case 1:
		if b, ok := items[0].Bool(); ok {
			return truthOf(b), nil
		}
		if items[0].valueless() && items[0].is("boolean") {
			return isEmpty, nil
		}
		return isTrue, nil
	}
	return isEmpty, faultAt(pos, "a single true or false was expected, not several values")
}

// pushTruth pushes nothing for empty.
func (ev *Evaluator) pushTruth(t truth, err error) error {
	if err != nil || t == isEmpty {
		return err
	}
	return ev.pushBool(t == isTrue)
}

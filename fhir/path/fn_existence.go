package path

// existenceFunction finds the functions of http://hl7.org/fhirpath/N1/#existence.
func existenceFunction(name string) (function, bool) {
	f := function{result: resultBoolean}
	switch name {
	case "empty":
		f.truth = func(ev *Evaluator, _ *call, mark int) (truth, error) {
			return truthOf(len(ev.stack) == mark), nil
		}
	case "exists":
		f.max, f.lambda, f.truth = 1, true, exists
	case "all":
		f.min, f.max, f.lambda, f.truth = 1, 1, true, all
	case "not":
		f.truth = func(ev *Evaluator, c *call, mark int) (truth, error) {
			t, err := ev.popTruth(mark, c.pos)
			return t.not(), err
		}
	case "allTrue":
		f.truth = quantifier(isTrue, true)
	case "allFalse":
		f.truth = quantifier(isFalse, true)
	case "anyTrue":
		f.truth = quantifier(isTrue, false)
	case "anyFalse":
		f.truth = quantifier(isFalse, false)
	case "subsetOf":
		f.min, f.max, f.truth = 1, 1, subsetOf(false)
	case "supersetOf":
		f.min, f.max, f.truth = 1, 1, subsetOf(true)
	case "isDistinct":
		f.truth = func(ev *Evaluator, _ *call, mark int) (truth, error) {
			n := len(ev.stack)
			err := ev.distinct(mark)
			return truthOf(len(ev.stack) == n), err
		}
	case "distinct":
		f.result = resultInput
		f.eval = func(ev *Evaluator, _ *call, mark int) error { return ev.distinct(mark) }
	case "count":
		f.result = resultInteger
		f.eval = func(ev *Evaluator, _ *call, mark int) error {
			return ev.replace(mark, Integer(int32(len(ev.stack)-mark)))
		}
	default:
		return f, false
	}
	return f, true
}

func exists(ev *Evaluator, c *call, mark int) (truth, error) {
	if len(c.args) == 0 {
		return truthOf(len(ev.stack) > mark), nil
	}
	found := false
	err := ev.iterate(mark, len(ev.stack), func(int) error {
		if found {
			return nil
		}
		t, err := ev.truth(c.args[0], c.pos)
		found = t == isTrue
		return err
	})
	return truthOf(found), err
}

func all(ev *Evaluator, c *call, mark int) (truth, error) {
	result := true
	err := ev.iterate(mark, len(ev.stack), func(int) error {
		if !result {
			return nil
		}
		t, err := ev.truth(c.args[0], c.pos)
		result = t == isTrue
		return err
	})
	return truthOf(result), err
}

// quantifier makes allTrue and its like, which look for a value in a collection of Booleans: every one has it, or any.
func quantifier(wanted truth, every bool) func(*Evaluator, *call, int) (truth, error) {
	return func(ev *Evaluator, c *call, mark int) (truth, error) {
		result := every
		for i := mark; i < len(ev.stack); i++ {
			b, ok := ev.stack[i].Bool()
			if !ok {
				return isEmpty, faultAt(c.pos, "%s() needs Booleans", c.name)
			}
			if (truthOf(b) == wanted) != every {
				result = !every
			}
		}
		return truthOf(result), nil
	}
}

// subsetOf makes subsetOf(), and supersetOf() by exchanging the two collections.
func subsetOf(exchange bool) func(*Evaluator, *call, int) (truth, error) {
	return func(ev *Evaluator, c *call, mark int) (truth, error) {
		middle := len(ev.stack)
		if err := c.args[0].eval(ev); err != nil {
			return isEmpty, err
		}
		end := len(ev.stack)
		part, whole := [2]int{mark, middle}, [2]int{middle, end}
		if exchange {
			part, whole = whole, part
		}
		members, err := ev.newSet(whole[0], whole[1])
		if err != nil {
			return isEmpty, err
		}
		for i := part[0]; i < part[1]; i++ {
			in, err := members.has(ev, &ev.stack[i])
			if err != nil || !in {
				return isFalse, err
			}
		}
		return isTrue, nil
	}
}

package path

// subsetFunction finds the functions of http://hl7.org/fhirpath/N1/#subsetting and #combining.
func subsetFunction(name string) (function, bool) {
	f := function{result: resultInput}
	switch name {
	case "single":
		f.eval = func(ev *Evaluator, c *call, mark int) error {
			if len(ev.stack)-mark > 1 {
				return faultAt(c.pos, "single() found several values")
			}
			return nil
		}
	case "first":
		f.ordered, f.eval = true, slice(func(n, _ int) (int, int) { return 0, 1 })
	case "last":
		f.ordered, f.eval = true, slice(func(n, _ int) (int, int) { return n - 1, n })
	case "tail":
		f.ordered, f.eval = true, slice(func(n, _ int) (int, int) { return 1, n })
	case "skip":
		f.min, f.max, f.ordered, f.eval = 1, 1, true, slice(func(n, k int) (int, int) { return k, n })
	case "take":
		f.min, f.max, f.ordered, f.eval = 1, 1, true, slice(func(n, k int) (int, int) { return 0, k })
	case "intersect":
		f.min, f.max, f.eval = 1, 1, setOperation(true)
	case "exclude":
		f.min, f.max, f.eval = 1, 1, setOperation(false)
	case "union":
		f.min, f.max, f.result, f.eval = 1, 1, resultUnion, func(ev *Evaluator, c *call, mark int) error {
			if err := c.args[0].eval(ev); err != nil {
				return err
			}
			return ev.distinct(mark)
		}
	case "combine":
		f.min, f.max, f.result, f.eval = 1, 1, resultUnion, func(ev *Evaluator, c *call, _ int) error {
			return c.args[0].eval(ev)
		}
	default:
		return f, false
	}
	return f, true
}

// slice makes a function that keeps the items from one position up to another, which bounds computes of the number of
// items and the argument.
func slice(bounds func(n, k int) (from, to int)) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, c *call, mark int) error {
		end := len(ev.stack)
		k := int32(0)
		if len(c.args) > 0 {
			var ok bool
			var err error
			if k, ok, err = ev.integer(c.args[0], c.pos); err != nil {
				return err
			}
			if !ok {
				ev.stack = ev.stack[:mark]
				return nil
			}
		}
		n := end - mark
		from, to := bounds(n, int(k))
		from, to = min(max(from, 0), n), min(max(to, 0), n)
		ev.stack = ev.stack[:mark+to]
		if from >= to {
			ev.stack = ev.stack[:mark]
		} else if from > 0 {
			ev.drop(mark, mark+from)
		}
		return nil
	}
}

// setOperation makes intersect() and exclude(): what is in the other collection stays, or goes.
func setOperation(keep bool) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, c *call, mark int) error {
		end := len(ev.stack)
		if err := c.args[0].eval(ev); err != nil {
			return err
		}
		other, err := ev.newSet(end, len(ev.stack))
		if err != nil {
			return err
		}
		kept := mark
		for i := mark; i < end; i++ {
			in, err := other.has(ev, &ev.stack[i])
			if err != nil {
				return err
			}
			if in == keep {
				ev.stack[kept] = ev.stack[i]
				kept++
			}
		}
		ev.stack = ev.stack[:kept]
		if keep {
			return ev.distinct(mark)
		}
		return nil
	}
}

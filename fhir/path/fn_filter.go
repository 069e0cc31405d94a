package path

import "slices"

// filterFunction finds the functions of http://hl7.org/fhirpath/N1/#filtering-and-projection, iif() and aggregate().
// is(), as() and ofType() are operators here: see typeOperator.
func filterFunction(name string) (function, bool) {
	switch name {
	case "where":
		return function{min: 1, max: 1, lambda: true, result: resultInput, eval: where}, true
	case "select":
		return function{min: 1, max: 1, lambda: true, result: resultArgument, eval: project}, true
	case "repeat":
		return function{min: 1, max: 1, lambda: true, result: resultAny, eval: repeat}, true
	case "aggregate":
		return function{min: 1, max: 2, lambda: true, result: resultAny, eval: aggregate}, true
	case "iif":
		return function{min: 2, max: 3, lambda: true, result: resultBranch, eval: iif}, true
	}
	return function{}, false
}

func where(ev *Evaluator, c *call, mark int) error {
	kept := mark
	err := ev.iterate(mark, len(ev.stack), func(i int) error {
		t, err := ev.truth(c.args[0], c.pos)
		if err == nil && t == isTrue {
			ev.stack[kept] = ev.stack[i]
			kept++
		}
		return err
	})
	ev.stack = ev.stack[:kept]
	return err
}

func project(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	err := ev.iterate(mark, end, func(int) error { return c.args[0].eval(ev) })
	if err != nil {
		return err
	}
	ev.drop(mark, end)
	return nil
}

// repeat applies the projection to the input, then to what is new in each result.
func repeat(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	results := &set{from: end, to: end} // those from todo on have yet to be projected themselves
	if err := ev.repeatOnce(c, mark, end, results); err != nil {
		return err
	}
	for todo := end; todo < results.to; {
		last := results.to
		if err := ev.repeatOnce(c, todo, last, results); err != nil {
			return err
		}
		todo = last
	}
	ev.drop(mark, end)
	return nil
}

// repeatOnce projects the items between from and to, and keeps of what that gives all that is new.
func (ev *Evaluator) repeatOnce(c *call, from, to int, results *set) error {
	return ev.iterate(from, to, func(int) error {
		first := len(ev.stack)
		if err := c.args[0].eval(ev); err != nil {
			return err
		}
		for i := first; i < len(ev.stack); i++ {
			old, err := results.has(ev, &ev.stack[i])
			if err != nil {
				return err
			}
			if old {
				continue
			}
			ev.stack[results.to] = ev.stack[i]
			if err := results.extend(ev); err != nil {
				return err
			}
		}
		ev.stack = ev.stack[:results.to]
		return nil
	})
}

// aggregate is http://hl7.org/fhirpath/N1/#aggregateaggregator-expression-init-value-value.
func aggregate(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	total, outer := []Value(nil), ev.total
	if len(c.args) > 1 {
		if err := c.args[1].eval(ev); err != nil {
			return err
		}
		total = slices.Clone(ev.stack[end:])
		ev.stack = ev.stack[:end]
	}
	err := ev.iterate(mark, end, func(int) error {
		ev.total = total
		if err := c.args[0].eval(ev); err != nil {
			return err
		}
		total = append(total[:0:0], ev.stack[end:]...)
		ev.stack = ev.stack[:end]
		return nil
	})
	if err != nil {
		return err
	}
	ev.total = outer
	ev.stack = append(ev.stack[:mark], total...)
	return ev.step(len(total))
}

// iif evaluates one branch only (http://hl7.org/fhirpath/N1/#iif). Its arguments see the input as $this.
func iif(ev *Evaluator, c *call, mark int) error {
	if len(ev.stack)-mark > 1 {
		return faultAt(c.pos, "iif() needs a single value, not several")
	}
	outer := ev.this
	if c.base != nil && len(ev.stack) > mark {
		ev.this = ev.stack[mark]
	}
	ev.stack = ev.stack[:mark]
	t, err := ev.truth(c.args[0], c.pos)
	switch {
	case err != nil:
	case t == isTrue:
		err = c.args[1].eval(ev)
	case len(c.args) > 2:
		err = c.args[2].eval(ev)
	}
	ev.this = outer
	return err
}

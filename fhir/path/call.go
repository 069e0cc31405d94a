package path

// function is a function of N1, R4 or a later release.
type function struct {
	min, max int  // number of arguments
	lambda   bool // arguments are evaluated for each item of the input, as $this
	ordered  bool // relies on the order of the input
	result   resultType

	// One of the two. Both find the input above mark on the stack; eval leaves the result there, truth nothing at all.
	eval  func(ev *Evaluator, c *call, mark int) error
	truth func(ev *Evaluator, c *call, mark int) (truth, error)
}

// lookup finds a function by its name.
func lookup(name string) (function, bool) {
	for _, group := range [...]func(string) (function, bool){
		existenceFunction, filterFunction, subsetFunction, stringFunction, regexpFunction, encodingFunction,
		conversionFunction, mathFunction, boundaryFunction, treeFunction, utilityFunction, fhirFunction, hookFunction,
	} {
		if f, ok := group(name); ok {
			return f, true
		}
	}
	return function{}, false
}

// call is base.f(args).
type call struct {
	function
	name    string
	base    op // nil: $this
	args    []op
	pos     int
	order   []bool   // of sort(): which keys descend
	pattern *pattern // of a literal
}

func (c *call) eval(ev *Evaluator) error {
	mark := len(ev.stack)
	if err := c.input(ev); err != nil {
		return err
	}
	if c.function.eval != nil {
		return c.function.eval(ev, c, mark)
	}
	t, err := c.function.truth(ev, c, mark)
	if err != nil {
		return err
	}
	ev.stack = ev.stack[:mark]
	return ev.pushTruth(t, nil)
}

func (c *call) truth(ev *Evaluator) (truth, error) {
	mark := len(ev.stack)
	if c.function.truth == nil {
		if err := c.eval(ev); err != nil {
			return isEmpty, err
		}
		return ev.popTruth(mark, c.pos)
	}
	if err := c.input(ev); err != nil {
		return isEmpty, err
	}
	t, err := c.function.truth(ev, c, mark)
	if err != nil {
		return isEmpty, err
	}
	ev.stack = ev.stack[:mark]
	return t, nil
}

func (c *call) input(ev *Evaluator) error {
	if c.base == nil {
		return thisValue{}.eval(ev)
	}
	return c.base.eval(ev)
}

// single is the one item of the input as a System value; ok is false, and the stack cut back to mark, where there is
// none. Several are an error.
func (c *call) single(ev *Evaluator, mark int) (v Value, ok bool, err error) {
	if err := c.atMostOne(ev, mark); err != nil || len(ev.stack) == mark {
		return v, false, err
	}
	if v = ev.stack[mark].system(); v.valueless() {
		ev.stack = ev.stack[:mark]
		return v, false, nil
	}
	return v, true, nil
}

func (c *call) atMostOne(ev *Evaluator, mark int) error {
	if len(ev.stack)-mark > 1 {
		return faultAt(c.pos, "%s() needs a single value, not several", c.name)
	}
	return nil
}

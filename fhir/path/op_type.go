package path

// typeOperator compiles is, as and ofType, written as operators or functions.
func (c *compiler) typeOperator(n *node, name string, base op, baseNode *node, s static, names []string) (op, static, error) {
	t, err := c.resolveType(names, n.pos)
	if err != nil {
		return nil, s, err
	}
	if name != "is" {
		return &typeFilter{base: base, spec: t, single: name == "as" && c.strict, pos: n.pos}, t.static(s), nil
	}
	x := &typeTest{base: base, spec: t, pos: n.pos}
	if baseNode != nil && baseNode.kind == nodeCall && baseNode.text == "resolve" && len(baseNode.args) == 0 && t.typ != nil {
		if resolve, ok := base.(*call); ok {
			return &targetTest{references: resolve.base, spec: t, pos: n.pos}, systemStatic(SystemBoolean), nil
		}
	}
	return x, systemStatic(SystemBoolean), nil
}

// typeTest is "is".
type typeTest struct {
	base op
	spec typeSpecifier
	pos  int
}

func (x *typeTest) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *typeTest) truth(ev *Evaluator) (truth, error) {
	v, ok, err := ev.single(x.base, x.pos)
	if err != nil || !ok {
		return isEmpty, err
	}
	return truthOf(x.spec.is(&v)), nil
}

// typeFilter is "as" and ofType(). N1 wants "as" to fail on several items; R4's search parameters rely on a filter,
// so only strict evaluation does (single).
type typeFilter struct {
	base   op
	spec   typeSpecifier
	single bool
	pos    int
}

func (x *typeFilter) eval(ev *Evaluator) error {
	mark := len(ev.stack)
	if err := x.base.eval(ev); err != nil {
		return err
	}
	items := ev.stack[mark:]
	if x.single && len(items) > 1 {
		return faultAt(x.pos, "as needs a single value; ofType() takes several")
	}
	kept := 0
	for i := range items {
		if x.spec.selects(&items[i]) {
			items[kept] = items[i]
			kept++
		}
	}
	ev.stack = ev.stack[:mark+kept]
	return nil
}

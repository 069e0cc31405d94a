package path

// resultType says what a function gives, as far as that does not depend on values.
type resultType uint8

const (
	resultAny resultType = iota
	resultInput
	resultArgument // what the first argument gives
	resultUnion    // what the input and the first argument give
	resultBranch   // what the second or third argument gives
	resultBoolean
	resultString
	resultInteger
	resultTree // children() and descendants()
	resultExtension
	resultTypeInfo
)

// call compiles a function.
func (c *compiler) call(n *node, this static) (op, static, error) {
	x := &call{name: n.text, pos: n.pos}
	input := this
	if n.base != nil {
		base, s, err := c.compile(n.base, this)
		if err != nil {
			return nil, s, err
		}
		x.base, input = base, s
	}
	if (n.text == "is" || n.text == "as" || n.text == "ofType") && len(n.args) == 1 {
		names, err := typeArgument(n.args[0])
		if err != nil {
			return nil, input, err
		}
		base := x.base
		if base == nil {
			base = thisValue{}
		}
		return c.typeOperator(n, n.text, base, n.base, input, names)
	}
	f, ok := lookup(n.text)
	if !ok {
		return nil, input, faultAt(n.pos, "there is no function %s()", n.text)
	}
	if len(n.args) < f.min || len(n.args) > f.max {
		return nil, input, faultAt(n.pos, "%s() does not take %d arguments", n.text, len(n.args))
	}
	x.function = f
	if f.ordered {
		if err := c.ordered(input, n.pos); err != nil {
			return nil, input, err
		}
	}
	var args []static
	focus := this
	if f.lambda {
		focus = input
	}
	for i, arg := range n.args {
		if n.text == "sort" && arg.kind == nodePolarity && arg.text == "-" {
			x.order = append(x.order[:len(x.order):len(x.order)], make([]bool, i-len(x.order))...)
			x.order = append(x.order, true)
			arg = arg.args[0]
		}
		a, s, err := c.compile(arg, focus)
		if err != nil {
			return nil, s, err
		}
		x.args, args = append(x.args, a), append(args, s)
	}
	if err := c.check(n, x, args); err != nil {
		return nil, input, err
	}
	return x, c.result(f.result, input, args), nil
}

// check finds mistakes in arguments before anything is evaluated.
func (c *compiler) check(n *node, x *call, args []static) error {
	if len(n.args) == 0 {
		return nil
	}
	arg := n.args[0]
	if arg.kind == nodeLiteral && arg.value.kind == SystemString && takesPattern(n.text) {
		pattern, err := compilePattern(arg.value.text, n.text == "matchesFull", arg.pos)
		if err != nil {
			return err
		}
		x.pattern = pattern
	}
	if c.strict && n.text == "iif" && !args[0].none() && !args[0].mayBeKind(SystemBoolean) {
		return faultAt(arg.pos, "the criterion of iif() can be neither true nor false")
	}
	return nil
}

// typeArgument reads the argument of is(), as() and ofType(), which the grammar takes for a path.
func typeArgument(n *node) ([]string, error) {
	if n.kind != nodeMember {
		return nil, faultAt(n.pos, "the name of a type was expected here")
	}
	if n.base == nil {
		return []string{n.text}, nil
	}
	names, err := typeArgument(n.base)
	return append(names, n.text), err
}

// result is the static type of what a function gives.
func (c *compiler) result(r resultType, input static, args []static) static {
	switch r {
	case resultInput:
		return input
	case resultArgument:
		return args[0]
	case resultUnion:
		return input.union(args[0])
	case resultBranch:
		s := args[1]
		if len(args) > 2 {
			s = s.union(args[2])
		}
		return s
	case resultBoolean:
		return systemStatic(SystemBoolean)
	case resultString:
		return systemStatic(SystemString)
	case resultInteger:
		return systemStatic(SystemInteger)
	case resultTree:
		return static{open: true, unordered: true}
	case resultExtension:
		return typeStatic(typeByName(c.spec, "Extension"))
	case resultTypeInfo:
		return systemStatic(TypeInfo)
	}
	return anything()
}

package path

import "andiron.dev/fhir/r4"

// op is a compiled node: it pushes its result on the evaluator's stack and leaves all below as it was.
type op interface {
	eval(ev *Evaluator) error
}

// compiler turns the syntax tree into operations.
type compiler struct {
	spec    *r4.Spec
	context []string
	strict  bool
}

// compile compiles a node whose $this is of the given static type, and says what type its result has.
func (c *compiler) compile(n *node, this static) (op, static, error) {
	switch n.kind {
	case nodeEmpty:
		return constant{}, static{}, nil
	case nodeLiteral:
		return constant{[]Value{n.value}}, systemStatic(n.value.kind), nil
	case nodeVariable:
		x := &variable{name: n.text, pos: n.pos}
		if v, ok := standardVariable(n.text); ok {
			return constant{[]Value{v}}, systemStatic(SystemString), nil
		}
		return x, anything(), nil
	case nodeSpecial:
		return c.special(n, this)
	case nodeMember:
		return c.path(n, this)
	case nodeCall:
		return c.call(n, this)
	case nodeIndex:
		return c.index(n, this)
	case nodePolarity:
		x, s, err := c.compile(n.args[0], this)
		return &polarity{x: x, negative: n.text == "-", pos: n.pos}, s, err
	case nodeType:
		base, s, err := c.compile(n.base, this)
		if err != nil {
			return nil, s, err
		}
		return c.typeOperator(n, n.text, base, n.base, s, n.names)
	}
	return c.binary(n, this)
}

func (c *compiler) binary(n *node, this static) (op, static, error) {
	left, ls, err := c.compile(n.base, this)
	if err != nil {
		return nil, ls, err
	}
	right, rs, err := c.compile(n.args[0], this)
	if err != nil {
		return nil, rs, err
	}
	o := operands{left: left, right: right, pos: n.pos}
	boolean := systemStatic(SystemBoolean)
	switch n.text {
	case "=", "!=":
		return &equality{operands: o, negate: n.text == "!="}, boolean, nil
	case "~", "!~":
		return &equivalence{operands: o, negate: n.text == "!~"}, boolean, nil
	case "<", "<=", ">", ">=":
		return &comparison{operands: o, operator: n.text}, boolean, nil
	case "and", "or", "xor", "implies":
		return &logic{operands: o, operator: n.text}, boolean, nil
	case "in":
		return &membership{item: left, collection: right, pos: n.pos}, boolean, nil
	case "contains":
		return &membership{item: right, collection: left, pos: n.pos}, boolean, nil
	case "|":
		return &union{operands: o}, ls.union(rs), nil
	case "&":
		return &concatenation{operands: o}, systemStatic(SystemString), nil
	}
	return &arithmetic{operands: o, operator: n.text}, anything(), nil
}

package path

// leaf consumes the last token of a node without children.
func (p *parser) leaf(n *node) (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.make(n)
}

func (p *parser) literal(t token, v Value) (*node, error) {
	return p.leaf(&node{kind: nodeLiteral, pos: t.pos, value: v})
}

// numeric reads a number, and the unit that makes it a quantity.
func (p *parser) numeric() (*node, error) {
	t := p.token
	n := &node{kind: nodeLiteral, pos: t.pos}
	if err := p.advance(); err != nil {
		return nil, err
	}
	unit := p.token
	var ok bool
	switch {
	case unit.kind == tokString:
		n.value, ok = quantity(t.text, unit.text, false)
	case unit.kind == tokIdentifier && calendarUnit(unit.text):
		n.value, ok = quantity(t.text, unit.text, true)
	default:
		if n.value, ok = number(t.text); !ok {
			return nil, faultAt(t.pos, "the number is out of range")
		}
		return p.make(n)
	}
	if !ok {
		return nil, faultAt(t.pos, "the quantity is out of range or its unit is empty")
	}
	return p.leaf(n)
}

// variable reads %name, %`name`, %'name' or R4's %"name".
func (p *parser) variable() (*node, error) {
	pos := p.token.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.identifier() && p.token.kind != tokString && p.token.kind != tokQuoted {
		return nil, p.unexpected("the name of a variable")
	}
	return p.leaf(&node{kind: nodeVariable, pos: pos, text: p.token.text})
}

package path

// invocations reads a term and all that follows it with '.' and '['.
func (p *parser) invocations() (*node, error) {
	n, err := p.term()
	for err == nil {
		switch {
		case p.symbol("."):
			if err = p.advance(); err == nil {
				n, err = p.invocation(n)
			}
		case p.symbol("["):
			n, err = p.index(n)
		default:
			return n, nil
		}
	}
	return nil, err
}

func (p *parser) index(base *node) (*node, error) {
	n := &node{kind: nodeIndex, pos: p.token.pos, base: base}
	if err := p.advance(); err != nil {
		return nil, err
	}
	at, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	n.args = []*node{at}
	return p.make(n)
}

// invocation reads a member or function, of base or of $this where base is nil.
func (p *parser) invocation(base *node) (*node, error) {
	n := &node{kind: nodeMember, pos: p.token.pos, text: p.token.text, base: base}
	if p.token.kind == tokSpecial {
		// Grammar allows x.$this; it can only mean $this, so the base would be lost without a word.
		return nil, faultAt(p.token.pos, "$%s cannot follow a point", p.token.text)
	}
	// The grammar reserves "div" even where no operator can stand, but Narrative has an element of that name.
	if !p.identifier() && !(base != nil && p.token.kind == tokIdentifier) {
		return nil, p.unexpected("the name of an element or function")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.symbol("(") {
		return p.make(n)
	}
	n.kind = nodeCall
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.symbol(")") {
		if len(n.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, arg)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.make(n)
}

// term reads a literal, a variable, an expression in parentheses, or an invocation on $this.
func (p *parser) term() (*node, error) {
	t := p.token
	switch t.kind {
	case tokIdentifier:
		if t.text == "true" || t.text == "false" {
			return p.literal(t, Bool(t.text == "true"))
		}
		return p.invocation(nil)
	case tokDelimited:
		return p.invocation(nil)
	case tokString:
		return p.literal(t, String(t.text))
	case tokNumber:
		return p.numeric()
	case tokDate:
		v, ok := temporalLiteral(t.text)
		if !ok {
			return nil, faultAt(t.pos, "there is no such date or time")
		}
		return p.literal(t, v)
	case tokSpecial:
		return p.leaf(&node{kind: nodeSpecial, pos: t.pos, text: t.text})
	}
	switch {
	case p.symbol("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case p.symbol("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.symbol("}") {
			return nil, p.unexpected("'}'")
		}
		return p.leaf(&node{kind: nodeEmpty, pos: t.pos})
	case p.symbol("%"):
		return p.variable()
	}
	return nil, p.unexpected("an expression")
}

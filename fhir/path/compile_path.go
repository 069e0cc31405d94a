package path

import "andiron.dev/fhir/r4"

func (c *compiler) special(n *node, this static) (op, static, error) {
	switch n.text {
	case "this":
		return thisValue{}, this, nil
	case "index":
		return indexValue{}, systemStatic(SystemInteger), nil
	}
	return totalValue{}, anything(), nil
}

// path compiles a chain of members into one operation.
func (c *compiler) path(n *node, this static) (op, static, error) {
	var chain []*node
	for ; n != nil && n.kind == nodeMember; n = n.base {
		chain = append(chain, n)
	}
	x := &path{}
	s := this
	if n != nil {
		base, baseStatic, err := c.compile(n, this)
		if err != nil {
			return nil, s, err
		}
		if _, ok := base.(thisValue); !ok {
			x.base = base
		}
		s = baseStatic
	} else if root := chain[len(chain)-1]; rootType(c.spec, root.text) != nil {
		// "resolved as a type name first" (http://hl7.org/fhirpath/N1/#path-selection): elements begin with a small
		// letter, so only types with a capital are meant.
		x.root = rootType(c.spec, root.text)
		if c.strict && !this.mayBe(x.root) {
			return nil, s, faultAt(root.pos, "the expression is about %s, its context is not", root.text)
		}
		s = typeStatic(x.root)
		chain = chain[:len(chain)-1]
	}
	for i := len(chain) - 1; i >= 0; i-- {
		m := chain[i]
		st := step{name: m.text, owner: s.single()}
		if st.owner != nil {
			st.element = st.owner.Element(m.text)
		}
		x.steps = append(x.steps, st)
		next, ok := s.member(m.text)
		if c.strict && !ok && !s.none() {
			return nil, s, faultAt(m.pos, "there is no element %s here", m.text)
		}
		s = next
	}
	return x, s, nil
}

// rootType is the type that the first name of an expression stands for, or nil.
func rootType(spec *r4.Spec, name string) *r4.Type {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return nil
	}
	return typeByName(spec, name)
}

func (c *compiler) index(n *node, this static) (op, static, error) {
	base, s, err := c.compile(n.base, this)
	if err != nil {
		return nil, s, err
	}
	if err := c.ordered(s, n.pos); err != nil {
		return nil, s, err
	}
	at, _, err := c.compile(n.args[0], this)
	return &indexer{base: base, at: at, pos: n.pos}, s, err
}

// ordered refuses, in strict mode, to take an order from where there is none.
func (c *compiler) ordered(s static, pos int) error {
	if c.strict && s.unordered {
		return faultAt(pos, "children() and descendants() have no order to rely on")
	}
	return nil
}

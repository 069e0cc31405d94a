package sqlite

import "andiron.dev/search"

// nested makes the compiler of an expression within a query: of resources of typ, all of which may be needed, in no order.
func (c *compiler) nested(typ int64) *compiler {
	return &compiler{reader: c.reader, ctx: c.ctx, typ: typ, depth: c.depth}
}

// all compiles an And within an expression.
func (c *compiler) all(e search.And) (*criterion, error) {
	inner := c.nested(c.typ)
	if err := inner.choose(e); err != nil {
		return nil, err
	}
	switch {
	case inner.driver == nil && len(inner.tests) == 0:
		return &criterion{rows: []rows{c.every()}}, nil
	case inner.driver != nil && len(inner.tests) == 0:
		return inner.driver, nil
	case inner.driver == nil && len(inner.tests) == 1:
		return inner.tests[0], nil
	}
	return &criterion{rows: []rows{inner.rows()}}, nil
}

// any compiles an Or. A part that is negated becomes the rows of all resources that pass it.
func (c *compiler) any(e search.Or) (*criterion, error) {
	out := &criterion{}
	for _, part := range e {
		compiled, err := c.compile(part)
		if err != nil {
			return nil, err
		}
		if compiled.negate {
			inner := c.nested(c.typ)
			inner.tests = []*criterion{compiled}
			out.rows = append(out.rows, inner.rows())
			continue
		}
		out.rows = append(out.rows, compiled.rows...)
	}
	return out, nil
}

// not compiles a Not.
func (c *compiler) not(e *search.Not) (*criterion, error) {
	compiled, err := c.compile(e.Expr)
	if err != nil {
		return nil, err
	}
	return &criterion{rows: compiled.rows, negate: !compiled.negate}, nil
}

// choose compiles the parts of an And and chooses what drives it.
func (c *compiler) choose(e search.And) error {
	var positive []*criterion
	for _, part := range flat(nil, e) {
		compiled, err := c.compile(part)
		if err != nil {
			return err
		}
		compiled.of = part
		if compiled.negate {
			c.tests = append(c.tests, compiled)
		} else {
			positive = append(positive, compiled)
		}
	}
	driver, err := c.plan(positive)
	if err != nil {
		return err
	}
	c.driver = driver
	for _, d := range positive {
		if d != driver {
			c.tests = append(c.tests, d)
		}
	}
	return nil
}

// flat gives the parts of an And, and of those within it, so that they are planned together.
func flat(parts []search.Expr, e search.And) []search.Expr {
	for _, part := range e {
		switch whole := part.(type) {
		case *search.Filter:
			part = whole.Where
		case *search.Named:
			part = whole.Where
		}
		if inner, ok := part.(search.And); ok {
			parts = flat(parts, inner)
		} else {
			parts = append(parts, part)
		}
	}
	return parts
}

// rows are the matches of a nested compiler: gathered, or tested one by one where all of its criteria can be.
func (c *compiler) rows() rows {
	parts := c.tests
	if c.driver != nil {
		parts = append([]*criterion{c.driver}, parts...)
	}
	set := c.candidates(nil)
	out := rows{from: "(" + set.String() + ") x", fromArgs: set.args, where: sql("1")}
	probed := true
	for _, part := range parts {
		probed = probed && part.probed()
	}
	if probed {
		out.probe = func(n string) *statement {
			conditions := make([]*statement, len(parts))
			for i, part := range parts {
				conditions[i] = part.test(n)
			}
			return allOf(conditions)
		}
	}
	// What it costs to gather them is what the driver costs, however few pass the tests.
	if out.weigh = c.weighAll; c.driver != nil {
		driver := c.driver
		out.weigh = func(limit int) (int, error) { return c.countRows(driver, limit) }
	}
	return out
}

// weighAll is the weight of a walk through all resources of the type, up to one more than limit.
func (c *compiler) weighAll(limit int) (int, error) {
	all, err := number(c.conn.newestN, rid(c.typ, 0), rid(c.typ+1, 0))
	return min(int(all), limit+1), err
}

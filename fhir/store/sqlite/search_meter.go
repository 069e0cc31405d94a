package sqlite

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// meter counts what a search looks at: SQL calls the function examined with every candidate. Calling it costs more than looking
// at a row does, so searches are only metered when they are to be explained, or when there is a limit.
type meter struct {
	rows   int64
	limit  int64  // 0 = none
	cancel func() // ends the running statement
}

// metered puts a meter on the connection until the function that it returns is called. One that is there already stays.
func (c *conn) metered(limit int64) (m *meter, done func(), err error) {
	if c.meter != nil {
		return c.meter, func() {}, nil
	}
	if !c.canMeter {
		if err := c.CreateFunction("examined", &sqlite.FunctionImpl{NArgs: 1, AllowIndirect: true, Scalar: c.examined}); err != nil {
			return nil, nil, err
		}
		c.canMeter = true
	}
	c.meter = &meter{limit: limit}
	return c.meter, func() { c.meter = nil }, nil
}

// examined is called with the number of a candidate. It is true until the limit is reached; then it ends the statement. An error
// of its own would not: sqlite.Context loses those of scalar functions.
func (c *conn) examined(sqlite.Context, []sqlite.Value) (sqlite.Value, error) {
	m := c.meter
	if m == nil {
		return sqlite.IntegerValue(1), nil
	}
	if m.rows++; !m.exceeded() {
		return sqlite.IntegerValue(1), nil
	}
	if m.cancel != nil {
		m.cancel()
	}
	return sqlite.IntegerValue(0), nil
}

func (m *meter) exceeded() bool { return m.limit > 0 && m.rows > m.limit }

// bounded is a context that ends with the running statement when that reaches the limit.
func (c *conn) bounded(ctx context.Context) (context.Context, func()) {
	m := c.meter
	if m == nil || m.limit == 0 {
		return ctx, func() {}
	}
	ctx, m.cancel = context.WithCancel(ctx)
	return ctx, m.cancel
}

// exceeded is the error of a statement, if it has one, or that it has reached the limit.
func (c *conn) exceeded(err error) error {
	if m := c.meter; m != nil && m.exceeded() {
		return tooWide(m.limit, "it has looked at more of them and is not done")
	}
	return err
}

func tooWide(limit int64, why string) error {
	return fhir.Errorf(fhir.TooCostly, "the search would cost too much: at most %d resources and index rows are looked at for one, and %s; narrow it with a parameter that few resources satisfy", limit, why)
}

// affordable fails for a search that is known to look at more rows than the limit before it has looked at any.
func (c *compiler) affordable() error {
	m := c.conn.meter
	if m == nil || m.limit == 0 {
		return nil
	}
	walksAll := c.total || c.order != nil && !c.order.walkable()
	if c.driver == nil && walksAll {
		all, err := number(c.conn.newestN, rid(c.typ, 0), rid(c.typ+1, 0))
		if err == nil && all > m.limit {
			err = tooWide(m.limit, "no parameter of this one spares it from looking at every resource of the type, to count them or to sort them")
		}
		return asOutcome(err)
	}
	for _, t := range c.tests {
		if t.probed() {
			continue
		}
		n, err := c.countRows(t, int(m.limit))
		if err != nil {
			return err
		}
		if int64(n) > m.limit {
			return tooWide(m.limit, "'"+search.Redacted(t.of)+"' has to gather more than that")
		}
	}
	return nil
}

package sqlite

import (
	"strconv"

	"andiron.dev/search"
)

// chain compiles a Chain: for every type that it leads to and every slot that the references are in. Few resources at its far
// end are walked back to what refers to them; where there are many, what other criteria find is followed to its end.
func (c *compiler) chain(e *search.Chain) (*criterion, error) {
	out := &criterion{}
	local, err := c.localBase(e.Own)
	if err != nil {
		return nil, err
	}
	for _, link := range e.Links {
		far, err := c.far(link.Type, link.Where)
		if err != nil {
			return nil, err
		}
		for _, source := range e.Param.Sources {
			slot, err := c.slot(source.Slot)
			if err != nil {
				return nil, err
			}
			if slot != 0 && far.typ != unknown && (source.Target == "" || source.Target == link.Type) {
				out.rows = append(out.rows, c.referring(far, slot, local))
			}
		}
	}
	return out, nil
}

// has compiles a Has: a chain the other way round.
func (c *compiler) has(e *search.Has) (*criterion, error) {
	out := &criterion{}
	local, err := c.localBase(e.Own)
	if err != nil {
		return nil, err
	}
	far, err := c.far(e.Param.Resource, e.Where)
	if err != nil {
		return nil, err
	}
	for _, source := range e.Param.Sources {
		slot, err := c.slot(source.Slot)
		if err != nil {
			return nil, err
		}
		if slot != 0 && far.typ != unknown {
			out.rows = append(out.rows, c.referred(far, slot, local))
		}
	}
	return out, nil
}

// far compiles what is asked of the resources at the other end of references.
func (c *compiler) far(typ string, where search.Expr) (*compiler, error) {
	number, err := c.target(typ)
	if err != nil {
		return nil, err
	}
	far := c.nested(number)
	far.depth++
	if number == unknown {
		return far, nil
	}
	return far, far.choose(search.And{where})
}

// localBase makes the condition that a row of table reference leads to this server.
func (c *compiler) localBase(own string) (func(alias string) *statement, error) {
	number := int64(0)
	if own != "" {
		var err error
		if number, err = c.store.names.id(c.conn, baseName, own); err != nil {
			return nil, err
		}
	}
	return func(alias string) *statement {
		if number == 0 {
			return sql(alias + ".base = 0")
		}
		return sql(alias+".base IN (0, ?)", number)
	}, nil
}

// living is the condition that a resource has not been deleted.
func (c *compiler) living(n string) *statement {
	return sql("EXISTS (SELECT 1 FROM current y WHERE y.rid = (? | "+n+") AND y.deleted = 0)", rid(c.typ, 0))
}

// referring are the resources with a reference in the slot to what far finds.
func (c *compiler) referring(far *compiler, slot int64, local func(string) *statement) rows {
	set := far.candidates(nil)
	out := rows{from: "(" + set.String() + ") f CROSS JOIN resource t INDEXED BY resource_n CROSS JOIN " + primary("reference"), fromArgs: set.args}
	out.where = sql("t.type = ? AND t.n = f.n AND x.slot = ? AND x.id = t.id AND x.type = ? AND ", far.typ, slot, far.typ).include(local("x"))
	out.weigh = c.weighFar(far, out)
	r, t := "r"+strconv.Itoa(far.depth), "t"+strconv.Itoa(far.depth)
	out.probe = func(n string) *statement {
		s := sql("EXISTS (SELECT 1 FROM reference "+r+" INDEXED BY reference_n CROSS JOIN resource "+t+" WHERE "+r+".slot = ? AND "+r+".n = "+n+
			" AND "+r+".type = ? AND ", slot, far.typ).include(local(r)).add(" AND "+t+".type = ? AND "+t+".id = "+r+".id AND ", far.typ)
		return s.include(far.living(t + ".n")).add(" AND ").include(far.holds(t + ".n")).add(")")
	}
	return out
}

// referred are the resources to which what far finds has a reference in the slot.
func (c *compiler) referred(far *compiler, slot int64, local func(string) *statement) rows {
	set := far.candidates(nil)
	out := rows{from: "(" + set.String() + ") f CROSS JOIN reference x INDEXED BY reference_n CROSS JOIN resource t", fromArgs: set.args, n: "t.n"}
	out.where = sql("x.slot = ? AND x.n = f.n AND x.type = ? AND ", slot, c.typ).include(local("x")).
		add(" AND t.type = ? AND t.id = x.id AND ", c.typ).include(c.living("t.n"))
	out.weigh = c.weighFar(far, out)
	r, t := "r"+strconv.Itoa(far.depth), "t"+strconv.Itoa(far.depth)
	out.probe = func(n string) *statement {
		s := sql("EXISTS (SELECT 1 FROM resource "+t+" INDEXED BY resource_n CROSS JOIN reference "+r+" INDEXED BY sqlite_autoindex_reference_1 WHERE "+t+".type = ? AND "+t+
			".n = "+n+" AND "+r+".slot = ? AND "+r+".id = "+t+".id AND "+r+".type = ? AND ", c.typ, slot, c.typ).include(local(r))
		return s.add(" AND ").include(far.holds(r + ".n")).add(")")
	}
	return out
}

// holds is true for the resource that the expression n names, if it is what a nested compiler finds. What cannot be tested one by
// one is gathered once.
func (c *compiler) holds(n string) *statement {
	if found := c.rows(); found.probe != nil {
		return found.probe(n)
	}
	return sql(n + " IN (").include(c.candidates(nil)).add(")")
}

// weighFar is the weight of rows that are found from the far end of references: both ends have to be gathered.
func (c *compiler) weighFar(far *compiler, near rows) func(limit int) (int, error) {
	return func(limit int) (int, error) {
		n, err := far.rows().weigh(limit)
		if err != nil || n > limit {
			return n, err
		}
		own, err := c.countRows(&criterion{rows: []rows{near}}, limit)
		return max(n, own), err
	}
}

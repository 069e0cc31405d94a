package sqlite

import "andiron.dev/search"

// reference compiles a Reference. Alternatives of one type are asked for together: _revinclude asks for a page of them.
func (c *compiler) reference(e *search.Reference) (*criterion, error) {
	out := &criterion{}
	var failed error
	err := c.eachSource(e.Param, func(source search.Source, slot *statement) {
		alternatives, err := c.referenceTests(e.Any, source.Target)
		if err != nil {
			failed = err
		}
		if len(alternatives) > 0 {
			out.rows = append(out.rows, spread(primary("reference"), slot, alternatives, byResource("reference"))...)
		}
	})
	return out, firstError(err, failed)
}

// group is what alternatives have in common that are asked for together.
type group struct{ typ, base, own string }

// referenceTests compiles the alternatives that can match in a source whose references lead to target; "" = anywhere.
func (c *compiler) referenceTests(tests []search.ReferenceTest, target string) (list []alternative, err error) {
	ids := make(map[group][]any)
	var groups []group
	for _, t := range tests {
		switch {
		case t.Type != "" && target != "" && t.Type != target, t.URL && target != "":
			continue
		case t.URL && t.Version == "":
			list = append(list, alternative{text: "x.id = ? AND x.type = 0", args: []any{id(t.ID)}, ordered: true})
			continue
		case t.URL:
			list = append(list, alternative{text: "x.id = ? AND x.type = 0 AND x.version = ?", args: []any{id(t.ID), t.Version}, ordered: true})
			continue
		}
		g := group{typ: t.Type, base: t.Base, own: t.Own}
		if g.typ == "" {
			g.typ = target
		}
		if t.Version != "" {
			where, args, err := c.leadsTo(g)
			if err != nil {
				return nil, err
			}
			list = append(list, alternative{text: "x.id = ? AND x.version = ?" + where, args: append([]any{id(t.ID), t.Version}, args...), ordered: true})
			continue
		}
		if ids[g] == nil {
			groups = append(groups, g)
		}
		ids[g] = append(ids[g], id(t.ID))
	}
	for _, g := range groups {
		where, args, err := c.leadsTo(g)
		if err != nil {
			return nil, err
		}
		ordered, text := len(ids[g]) == 1, "x.id = ?"
		if !ordered {
			text = "x.id IN (" + marks(len(ids[g])) + ")"
		}
		list = append(list, alternative{text: text + where, args: append(ids[g], args...), ordered: ordered})
	}
	return list, nil
}

// leadsTo is the condition on type and base of a reference. The client's own name of the server counts only if some
// reference uses it.
func (c *compiler) leadsTo(g group) (where string, args []any, err error) {
	where = " AND x.type <> 0"
	if g.typ != "" {
		number, err := c.target(g.typ)
		if err != nil {
			return "", nil, err
		}
		where, args = " AND x.type = ?", append(args, number)
	}
	name := g.base
	if name == "" {
		name = g.own
	}
	number := int64(0)
	if name != "" {
		if number, err = c.store.names.id(c.conn, baseName, name); err != nil {
			return "", nil, err
		}
	}
	switch {
	case g.base != "" && number == 0:
		return where + " AND 0", args, nil
	case g.base != "":
		return where + " AND x.base = ?", append(args, number), nil
	case number != 0:
		return where + " AND x.base IN (0, ?)", append(args, number), nil
	}
	return where + " AND x.base = 0", args, nil
}

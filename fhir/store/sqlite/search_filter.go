package sqlite

import (
	"unicode/utf8"

	"andiron.dev/search"
)

// filtered compiles what only _filter can ask; ok is false for everything else.
func (c *compiler) filtered(e search.Expr) (out *criterion, ok bool, err error) {
	switch e := e.(type) {
	case *search.Filter:
		out, err = c.compile(e.Where)
		return out, true, err
	case *search.Named:
		out, err = c.compile(e.Where)
		return out, true, err
	case *search.String:
		switch e.Modifier {
		case search.ModEndsWith:
			out, err = c.ending(e)
			return out, true, err
		case search.ModEquals, search.ModUnequal, search.ModGreater, search.ModLess, search.ModGreaterEqual, search.ModLessEqual:
			out, err = c.comparing(e)
			return out, true, err
		}
	case *search.Token:
		if e.Modifier == search.ModUnequal {
			out, err = c.otherTokens(e)
			return out, true, err
		}
	case *search.Reference:
		if e.Modifier == search.ModUnequal {
			out, err = c.otherReferences(e)
			return out, true, err
		}
	case *search.URI:
		switch e.Modifier {
		case search.ModUnequal, search.ModContains, search.ModStartsWith, search.ModEndsWith:
			out, err = c.partOfURI(e)
			return out, true, err
		}
	}
	return nil, false, nil
}

// comparing compares strings with a value.
func (c *compiler) comparing(e *search.String) (*criterion, error) {
	operator := map[search.Modifier]string{
		search.ModEquals: "=", search.ModUnequal: "<>", search.ModGreater: ">", search.ModLess: "<", search.ModGreaterEqual: ">=", search.ModLessEqual: "<=",
	}[e.Modifier]
	var alternatives []alternative
	for _, t := range e.Any {
		if t.Folded != "" {
			alternatives = append(alternatives, alternative{text: "x.folded " + operator + " ?", args: []any{t.Folded}, ordered: operator == "="})
		}
	}
	out := &criterion{}
	if len(alternatives) == 0 {
		return out, nil
	}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread(primary("string"), slot, alternatives, byResource("string"))...)
	})
}

// ending looks at every string of the slot, in the order of n, as containing does.
func (c *compiler) ending(e *search.String) (*criterion, error) {
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		for _, t := range e.Any {
			if t.Folded == "" {
				continue
			}
			where := sql(slot.String(), slot.args...).add(" AND substr(x.folded, ?) = ?", -utf8.RuneCountInString(t.Folded), t.Folded)
			r := byResource("string")(where, true)
			r.from = "string x INDEXED BY string_n"
			out.rows = append(out.rows, r)
		}
	})
}

// otherTokens gives the values that are not equal.
func (c *compiler) otherTokens(e *search.Token) (*criterion, error) {
	out := &criterion{}
	for _, t := range e.Any {
		groups, err := c.tokenGroups([]search.TokenTest{t})
		if err != nil {
			return nil, err
		}
		var equal []alternative // none, where nobody has ever used the system
		for _, g := range groups {
			equal = append(equal, g.alternatives(false)...)
		}
		if err := c.eachSource(e.Param, func(_ search.Source, slot *statement) { out.rows = append(out.rows, others("token", slot, equal)) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// otherReferences gives the references that are not equal.
func (c *compiler) otherReferences(e *search.Reference) (*criterion, error) {
	out := &criterion{}
	var failed error
	err := c.eachSource(e.Param, func(source search.Source, slot *statement) {
		for _, t := range e.Any {
			equal, err := c.referenceTests([]search.ReferenceTest{t}, source.Target)
			failed = firstError(failed, err)
			out.rows = append(out.rows, others("reference", slot, equal))
		}
	})
	return out, firstError(err, failed)
}

// others are the rows of a slot but those that are equal.
func others(table string, slot *statement, equal []alternative) rows {
	where := sql(slot.String(), slot.args...)
	for _, a := range equal {
		where.add(" AND NOT ("+a.text+")", a.args...)
	}
	return rows{from: table + " x", where: where}
}

// partOfURI compares addresses as texts, byte by byte.
func (c *compiler) partOfURI(e *search.URI) (*criterion, error) {
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		for _, t := range e.Any {
			where := sql(slot.String(), slot.args...)
			version, args := "", []any(nil)
			if t.Version != "" {
				version, args = " AND x.version = ?", []any{t.Version}
			}
			switch e.Modifier {
			case search.ModUnequal:
				where.add(" AND NOT (x.uri = ?", t.URI).add(version, args...).add(")")
			case search.ModContains:
				where.add(" AND instr(x.uri, ?) > 0", t.URI).add(version, args...)
			case search.ModStartsWith:
				where.add(" AND x.uri >= ? AND x.uri < ?", t.URI, successor(t.URI)).add(version, args...)
			case search.ModEndsWith:
				where.add(" AND substr(CAST(x.uri AS BLOB), ?) = CAST(? AS BLOB)", -len(t.URI), t.URI).add(version, args...)
			}
			out.rows = append(out.rows, rows{from: "uri x", where: where})
		}
	})
}

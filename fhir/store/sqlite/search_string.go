package sqlite

import "andiron.dev/search"

// text compiles a String.
func (c *compiler) text(e *search.String) (*criterion, error) {
	if e.Modifier == search.ModContains {
		return c.containing(e)
	}
	alternatives := textTests(e)
	out := &criterion{}
	if len(alternatives) == 0 {
		return out, nil
	}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread(primary("string"), slot, alternatives, byResource("string"))...)
	})
}

// textTests are the conditions of which one has to hold.
func textTests(e *search.String) (alternatives []alternative) {
	for _, t := range e.Any {
		switch {
		case e.Modifier == search.ModExact:
			alternatives = append(alternatives, alternative{text: "x.folded = ? AND x.text = ?", args: []any{t.Folded, t.Text}, ordered: true})
		case t.Folded == "": // matches nothing
		default:
			alternatives = append(alternatives, alternative{text: "x.folded >= ? AND x.folded < ?", args: []any{t.Folded, successor(t.Folded)}})
		}
	}
	return alternatives
}

// containing compiles :contains. Every string of the slot has to be looked at, so it is done in the order of n: where many
// match, a page is full soon, and where few do, nothing has to be sorted or read twice.
func (c *compiler) containing(e *search.String) (*criterion, error) {
	var conditions []string
	var args []any
	for _, t := range e.Any {
		if t.Folded != "" {
			conditions, args = append(conditions, "instr(x.folded, ?) > 0"), append(args, t.Folded)
		}
	}
	out := &criterion{}
	if len(conditions) == 0 {
		return out, nil
	}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		r := byResource("string")(slot.add(" AND "+anyOf(conditions), args...), true)
		r.from = "string x INDEXED BY string_n"
		out.rows = append(out.rows, r)
	})
}

// successor is the first text after all that begin with prefix. SQLite compares bytes, so it need not be UTF-8.
func successor(prefix string) string {
	b := []byte(prefix)
	b[len(b)-1]++ // no byte of UTF-8 is 0xff
	return string(b)
}

package sqlite

import "andiron.dev/search"

// text compiles a String.
func (c *compiler) text(e *search.String) (*criterion, error) {
	var alternatives []alternative
	for _, t := range e.Any {
		switch {
		case e.Modifier == search.ModExact:
			alternatives = append(alternatives, alternative{text: "x.folded = ? AND x.text = ?", args: []any{t.Folded, t.Text}, ordered: true})
		case t.Folded == "": // matches nothing
		case e.Modifier == search.ModContains:
			alternatives = append(alternatives, alternative{text: "instr(x.folded, ?) > 0", args: []any{t.Folded}})
		default:
			alternatives = append(alternatives, alternative{text: "x.folded >= ? AND x.folded < ?", args: []any{t.Folded, successor(t.Folded)}})
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

// successor is the first text after all that begin with prefix. SQLite compares bytes, so it need not be UTF-8.
func successor(prefix string) string {
	b := []byte(prefix)
	b[len(b)-1]++ // no byte of UTF-8 is 0xff
	return string(b)
}

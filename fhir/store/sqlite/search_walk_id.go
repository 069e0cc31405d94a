package sqlite

import (
	"strings"
)

// idWalk is the walk for _sort=_id. Ids are compared as text, but those that are UUIDs are kept as their bytes, which SQLite sorts after
// all text: so there are two runs, which are merged.
func (c *compiler) idWalk(descending bool) *walk {
	w := &walk{descending: descending}
	order, beyond := "", ">"
	if descending {
		order, beyond = " DESC", "<"
	}
	run := func(kind, key string) *statement {
		return sql("SELECT d.n, "+key+", EXISTS (SELECT 1 FROM current y WHERE y.rid = (? | d.n) AND y.deleted = 0) AND ", rid(c.typ, 0)).include(c.matches("d.n")).
			add(" FROM (SELECT x.n AS n, x.id AS id FROM "+primary("resource")+" WHERE x.type = ? AND x.id "+kind+") d", c.typ)
	}
	w.from = func(at *position) []*statement {
		text, packed := run("< x''", "d.id"), run(">= x''", asText("d.id"))
		if at != nil {
			after := at.Keys[0].argument()
			text.add(" WHERE d.id "+beyond+" ?", after)
			packed.add(" WHERE d.id "+beyond+"= ? AND "+asText("d.id")+" "+beyond+" ?", nearest(after, descending), after)
		}
		return []*statement{text.add(" ORDER BY d.id" + order), packed.add(" ORDER BY d.id" + order)}
	}
	return w
}

// nearest is the first UUID, packed, that does not sort before a text (the last that does not sort after it), or one beyond that: the
// text as far as it could be a UUID, and the rest filled up.
func nearest(text any, descending bool) blob {
	s, _ := text.(string)
	fill := "0"
	if descending {
		fill = "f"
	}
	var digits strings.Builder
	for i := 0; i < 36 && i < len(s); i++ {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash && s[i] == '-' {
			continue
		} else if dash || nibble(s[i]) > 15 {
			break
		}
		digits.WriteByte(s[i])
	}
	hex := digits.String() + strings.Repeat(fill, 32-digits.Len())
	var b [16]byte
	packUUID(&b, hex[:8]+"-"+hex[8:12]+"-"+hex[12:16]+"-"+hex[16:20]+"-"+hex[20:])
	return blob(b[:])
}

package sqlite

import (
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// tokenText compiles ":text" of a token. The texts that begin with a value are looked up first: there are few, however many
// rows refer to them, and rows of one text come in the order of n.
func (c *compiler) tokenText(e *search.TokenText) (*criterion, error) {
	var alternatives []alternative
	for _, prefix := range e.Any {
		if prefix == "" {
			continue
		}
		list, err := c.texts(prefix)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, list...)
	}
	out := &criterion{}
	if len(alternatives) == 0 {
		return out, nil
	}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread(primary("token_text"), slot, alternatives, byKey("token_text"))...)
	})
}

// texts gives an alternative for each text that begins with prefix; where there are many, one for all of them.
func (c *compiler) texts(prefix string) (list []alternative, err error) {
	const where = " FROM dictionary d WHERE d.kind = ? AND d.text >= ? AND d.text < ?"
	args := []any{textName, prefix, successor(prefix)}
	err = c.query(c.ctx, sql("SELECT d.id"+where+" LIMIT (? + 0)", args...).add("", maxSpread+1), func(stmt *sqlite.Stmt) error {
		list = append(list, alternative{text: "x.text = ?", args: []any{stmt.ColumnInt64(0)}, ordered: true})
		return nil
	})
	if len(list) > maxSpread {
		list = []alternative{{text: "x.text IN (SELECT d.id" + where + ")", args: args, set: true}}
	}
	return list, err
}

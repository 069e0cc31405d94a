package sqlite

import (
	"encoding/json"
	"unicode/utf8"

	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

const (
	// manyTokens is how many alternatives are worth a look at which of them the slot has at all.
	manyTokens = 64
	// maxMarked is how many alternatives are tested one by one for what another criterion has found. More are gathered.
	maxMarked = 128
)

// tokens compiles a long list of alternatives for one slot. A value set has thousands of codes, of which a hospital uses few:
// those that it does not use are left out, and mostly what remains is a short list.
func (c *compiler) tokens(slot *statement, tests []search.TokenTest) ([]rows, error) {
	used, err := c.usedTokens(slot, tests)
	if err != nil {
		return nil, err
	}
	groups, err := c.tokenGroups(used)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	if len(used) <= maxMarked {
		return spread("token x", slot, groupAlternatives(groups), byKey("token")), nil
	}
	var list []rows
	var pairs [][2]any // code, system; null = any
	for _, g := range groups {
		var system any
		if !g.anySystem {
			system = g.system
		}
		if len(g.codes) == 0 {
			list = append(list, rows{from: "token x", where: sql(slot.String(), slot.args...).add(" AND x.system = ?", system)})
		}
		for _, code := range g.codes {
			pairs = append(pairs, [2]any{code, system})
		}
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		return nil, err
	}
	const is = " AND x.code = json_extract(v.value, '$[0]') AND (json_extract(v.value, '$[1]') IS NULL OR x.system = json_extract(v.value, '$[1]'))"
	return append(list, rows{from: "json_each(?) v CROSS JOIN token x", fromArgs: []any{string(text)}, where: sql(slot.String()+is, slot.args...)}), nil
}

// usedTokens gives the alternatives whose code the slot has, in whatever system, and those that name no code.
func (c *compiler) usedTokens(slot *statement, tests []search.TokenTest) (used []search.TokenTest, err error) {
	var codes []string
	var of []search.TokenTest
	for _, t := range tests {
		switch {
		case t.AnyCode:
			used = append(used, t)
		case utf8.ValidString(t.Code): // what is not cannot be in JSON, and no resource has it
			codes, of = append(codes, t.Code), append(of, t)
		}
	}
	text, err := json.Marshal(codes)
	if err != nil {
		return nil, err
	}
	s := sql("SELECT v.key FROM json_each(?) v WHERE EXISTS (SELECT 1 FROM token x WHERE ", string(text)).include(slot).add(" AND x.code = v.value)")
	err = c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
		used = append(used, of[stmt.ColumnInt(0)])
		return nil
	})
	return used, err
}

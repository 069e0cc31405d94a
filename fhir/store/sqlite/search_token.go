package sqlite

import (
	"slices"

	"andiron.dev/search"
)

// token compiles a Token. Alternatives of one system are asked for together, so that a long list stays one look-up.
func (c *compiler) token(e *search.Token) (*criterion, error) {
	out := &criterion{negate: e.Negated()}
	if len(e.Any) > manyTokens {
		return out, c.eachModified(e.Param, e.Modifier, func(slot *statement) error {
			list, err := c.tokens(slot, e.Any)
			out.rows = append(out.rows, list...)
			return err
		})
	}
	groups, err := c.tokenGroups(e.Any)
	if err != nil || len(groups) == 0 {
		return out, err
	}
	alternatives := groupAlternatives(groups)
	return out, c.eachModified(e.Param, e.Modifier, func(slot *statement) error {
		out.rows = append(out.rows, spread("token x", slot, alternatives, byKey("token"))...)
		return nil
	})
}

func groupAlternatives(groups []*tokenGroup) (list []alternative) {
	for _, g := range groups {
		list = append(list, g.alternatives(len(groups) > maxSpread)...)
	}
	return list
}

// tokenGroup are alternatives of one system.
type tokenGroup struct {
	anySystem bool
	system    int64
	codes     []any // none = any code
}

// alternatives asks for all codes of the group together, or, apart, for each of them.
func (g *tokenGroup) alternatives(apart bool) (list []alternative) {
	system, args := "", []any(nil)
	if !g.anySystem {
		system, args = " AND x.system = ?", []any{g.system}
	}
	switch n := len(g.codes); {
	case n == 0:
		return []alternative{{text: "x.system = ?", args: args, set: true}}
	case n > 1 && !apart:
		return []alternative{{text: "x.code IN (" + marks(n) + ")" + system, args: slices.Concat(g.codes, args)}}
	}
	for _, code := range g.codes {
		list = append(list, alternative{text: "x.code = ?" + system, args: append([]any{code}, args...), ordered: true})
	}
	return list
}

// tokenGroups gathers the alternatives that anything in this store can match.
func (c *compiler) tokenGroups(tests []search.TokenTest) (groups []*tokenGroup, err error) {
	type key struct {
		anySystem, anyCode bool
		system             int64
	}
	known := make(map[key]*tokenGroup)
	for _, t := range tests {
		k := key{anySystem: t.AnySystem, anyCode: t.AnyCode}
		if !t.AnySystem && t.System != "" {
			if k.system, err = c.store.names.id(c.conn, systemName, t.System); err != nil {
				return nil, err
			}
			if k.system == 0 {
				continue // nobody has ever used this system
			}
		}
		g := known[k]
		if g == nil {
			g = &tokenGroup{anySystem: k.anySystem, system: k.system}
			known[k] = g
			groups = append(groups, g)
		}
		if !t.AnyCode {
			g.codes = append(g.codes, t.Code)
		}
	}
	return groups, nil
}

// eachModified calls fn with the condition for each slot in which a parameter with the modifier looks.
func (c *compiler) eachModified(p *search.Param, m search.Modifier, fn func(where *statement) error) error {
	for _, source := range p.Sources {
		modified := source.Modified(m)
		if modified == nil {
			continue
		}
		slot, err := c.slot(modified)
		if err != nil {
			return err
		}
		if slot == 0 {
			continue
		}
		if err := fn(sql("x.slot = ?", slot)); err != nil {
			return err
		}
	}
	return nil
}

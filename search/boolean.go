package search

import "strings"

// Or is true when any of its parts is; the empty Or is false. A query has no form of its own for it: it stands within a
// criterion that has (_filter, a chain to one of several types, a compartment), and its text is for people.
type Or []Expr

func (Or) expr() {}

func (o Or) String() string {
	parts := make([]string, len(o))
	for i, e := range o {
		parts[i] = e.String()
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// Not is true when its part is not. Like Or it has no form of its own in a query.
type Not struct{ Expr Expr }

func (*Not) expr() {}

func (n *Not) String() string { return "not (" + n.Expr.String() + ")" }

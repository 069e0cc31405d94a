package path

import "slices"

// Uses reports whether a function or an element of one of the names stands anywhere in x: what an expression asks of its
// surroundings (now, memberOf) can be told before it is evaluated.
func (x *Expr) Uses(names ...string) bool { return x.tree.uses(names) }

func (n *node) uses(names []string) bool {
	if n == nil {
		return false
	}
	if (n.kind == nodeCall || n.kind == nodeMember) && slices.Contains(names, n.text) || n.base.uses(names) {
		return true
	}
	return slices.ContainsFunc(n.args, func(arg *node) bool { return arg.uses(names) })
}

// Limit changes what the evaluations that follow may cost. A zero field means the default.
func (ev *Evaluator) Limit(l Limits) { ev.limits = l.orDefault() }

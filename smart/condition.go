package smart

import "andiron.dev/search"

// condition is a criterion that may turn out to hold always or never. The zero condition never holds.
type condition struct {
	always bool
	where  search.Expr // nil: see always
}

func holds(yes bool) condition { return condition{always: yes} }

func when(e search.Expr) condition {
	if e == nil {
		return condition{}
	}
	return condition{where: e}
}

func (c condition) never() bool { return !c.always && c.where == nil }

func (c condition) and(d condition) condition {
	switch {
	case c.never(), d.always:
		return c
	case d.never(), c.always:
		return d
	}
	return condition{where: search.And{c.where, d.where}}
}

func (c condition) or(d condition) condition {
	switch {
	case c.always, d.never():
		return c
	case d.always, c.never():
		return d
	}
	return condition{where: search.Or{c.where, d.where}}
}

func (c condition) not() condition {
	if c.where == nil {
		return condition{always: !c.always}
	}
	return condition{where: &search.Not{Expr: c.where}}
}

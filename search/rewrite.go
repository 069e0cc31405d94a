package search

// Rewrite gives the tree in which fn has replaced the criteria: it is called for every node that holds no others. Nodes are
// never changed: one below which something was replaced is made anew, and a tree in which nothing was is given back as it is.
func Rewrite(e Expr, fn func(Expr) (Expr, error)) (Expr, error) {
	switch e := e.(type) {
	case And:
		parts, err := rewriteAll(e, fn)
		return And(parts), err
	case Or:
		parts, err := rewriteAll(e, fn)
		return Or(parts), err
	case *Not:
		inner, err := Rewrite(e.Expr, fn)
		if err != nil || same(inner, e.Expr) {
			return e, err
		}
		return &Not{Expr: inner}, nil
	case *Chain:
		return e.rewrite(fn)
	case *Member:
		return e, nil // it is made of references, which are what they are
	case *Filter:
		where, err := Rewrite(e.Where, fn)
		if err != nil || same(where, e.Where) {
			return e, err
		}
		filter := *e
		filter.Where = where
		return &filter, nil
	case *Named:
		where, err := Rewrite(e.Where, fn)
		if err != nil || same(where, e.Where) {
			return e, err
		}
		named := *e
		named.Where = where
		return &named, nil
	case *Has:
		where, err := Rewrite(e.Where, fn)
		if err != nil || same(where, e.Where) {
			return e, err
		}
		has := *e
		has.Where = where
		return &has, nil
	}
	return fn(e)
}

func (c *Chain) rewrite(fn func(Expr) (Expr, error)) (Expr, error) {
	links := make([]Link, len(c.Links))
	changed := false
	for i, link := range c.Links {
		where, err := Rewrite(link.Where, fn)
		if err != nil {
			return c, err
		}
		changed = changed || !same(where, link.Where)
		links[i] = Link{Type: link.Type, Where: where}
	}
	if !changed {
		return c, nil
	}
	chain := *c
	chain.Links = links
	return &chain, nil
}

func rewriteAll(parts []Expr, fn func(Expr) (Expr, error)) ([]Expr, error) {
	list := make([]Expr, len(parts))
	changed := false
	for i, part := range parts {
		var err error
		if list[i], err = Rewrite(part, fn); err != nil {
			return parts, err
		}
		changed = changed || !same(list[i], part)
	}
	if !changed {
		return parts, nil
	}
	return list, nil
}

// same reports whether two nodes are the very same. Lists have no identity but where they stand.
func same(a, b Expr) bool {
	switch a := a.(type) {
	case And:
		b, ok := b.(And)
		return ok && sameList(a, b)
	case Or:
		b, ok := b.(Or)
		return ok && sameList(a, b)
	}
	switch b.(type) {
	case And, Or:
		return false
	}
	return a == b
}

func sameList(a, b []Expr) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

package path

import "andiron.dev/fhir/r4"

// Terms are the operands of the top-level unions of x that can give something for a resource of the given type:
// of "Patient.name | Person.name", the first for Patient. Their String is canonical, so that what several search
// parameters have in common can be indexed once. A term that names no type applies to all. The error, an Outcome as Compile gives
// it, can only occur with Strict: a term without a type name may be a mistake for the resource type.
func (x *Expr) Terms(resourceType string) ([]*Expr, error) {
	typ := typeByName(x.spec, resourceType)
	var terms []*Expr
	for _, n := range unionTerms(x.tree, nil) {
		var roots []*r4.Type
		for _, root := range x.compiler.roots(n, nil) {
			if typ == nil || typ.Is(root.Name) {
				roots = nil
				break
			}
			roots = append(roots, root)
		}
		if len(roots) > 0 {
			continue
		}
		c := x.compiler
		if typ != nil {
			c.context = []string{resourceType}
		}
		term, err := c.expr(x.src, n)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
	return terms, nil
}

// unionTerms appends the operands of the unions at the top of a tree, from left to right.
func unionTerms(n *node, terms []*node) []*node {
	if n.kind == nodeBinary && n.text == "|" {
		return unionTerms(n.args[0], unionTerms(n.base, terms))
	}
	return append(terms, n)
}

// roots appends the types that paths in a tree begin with. Arguments of functions do not count: they begin elsewhere.
func (c *compiler) roots(n *node, found []*r4.Type) []*r4.Type {
	switch n.kind {
	case nodeMember:
		if n.base == nil {
			if t := rootType(c.spec, n.text); t != nil {
				found = append(found, t)
			}
			return found
		}
	case nodeBinary, nodePolarity:
		for _, arg := range n.args {
			found = c.roots(arg, found)
		}
	}
	if n.base != nil {
		found = c.roots(n.base, found)
	}
	return found
}

// Target takes a term of the form X.where(resolve() is T) apart, by which R4's search parameters narrow a reference to
// one type of target (http://hl7.org/fhir/R4/searchparameter-registry.html): base is X, and the index of X with targets of
// type T is the index of the term.
func (x *Expr) Target() (base *Expr, target string, ok bool) {
	n := x.tree
	if n.kind != nodeCall || n.text != "where" || n.base == nil || len(n.args) != 1 {
		return nil, "", false
	}
	is := n.args[0]
	resolve := is.base
	if is.kind == nodeCall && is.text == "is" && len(is.args) == 1 {
		names, err := typeArgument(is.args[0])
		if err != nil {
			return nil, "", false
		}
		is = &node{kind: nodeType, text: "is", names: names}
	}
	if is.kind != nodeType || is.text != "is" || resolve == nil || resolve.kind != nodeCall || resolve.text != "resolve" || resolve.base != nil {
		return nil, "", false
	}
	t, err := x.compiler.resolveType(is.names, is.pos)
	if err != nil || t.typ == nil || t.typ.Kind != r4.Resource {
		return nil, "", false
	}
	base, err = x.compiler.expr(x.src, n.base)
	return base, t.typ.Name, err == nil
}

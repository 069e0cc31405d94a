package storetest

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// about makes a parameter of a search of a type: a criterion, or a chain or _has that leads to one.
func (a *asker) about(typ string, depth int) fhir.Param {
	if param, ok := a.specially(typ); ok {
		return param
	}
	if depth < 3 {
		switch a.IntN(6) {
		case 0:
			if param, ok := a.chain(typ, depth); ok {
				return param
			}
		case 1:
			if param, ok := a.has(typ, depth); ok {
				return param
			}
		}
	}
	if a.IntN(4) == 0 {
		if param, ok := a.beside(typ); ok {
			return param
		}
	}
	return a.criterion(a.param(typ))
}

// scope chooses what is searched: mostly all resources of a type, else several types, or what is in a compartment.
func (a *asker) scope(typ string) (searched string, params fhir.Params, o search.Options) {
	o = a.options()
	switch a.IntN(8) {
	case 0:
		o.Within = &search.Compartment{Type: pick(a.Rand, []string{"Patient", "Encounter", "Practitioner", "Device", "RelatedPerson"}), ID: a.id()}
		if a.IntN(2) == 0 {
			return typ, nil, o
		}
		return "", nil, o
	case 1:
		if a.IntN(2) == 0 {
			return "", nil, o
		}
		return "", fhir.Params{{Name: "_type", Value: typ + "," + pick(a.Rand, a.types)}}, o
	}
	return typ, nil, o
}

// order makes the value of _sort.
func (a *asker) order(searched, typ string) string {
	if searched == "" && a.IntN(4) > 0 {
		return pick(a.Rand, []string{"_id", "-_id", "_lastUpdated", "-_lastUpdated", "_tag,-_id"})
	}
	return a.sort(typ)
}

// link is a reference from one resource that is there to another, or the parameter alone where there is none.
type link struct {
	param    *search.Param
	from, to string // "Patient/1"
}

// links are the references of resources of a type that a parameter leads to: to existing resources of type to, "" = any.
func (a *asker) links(typ, to string) (list []link) {
	for _, from := range a.references(typ) {
		for _, v := range a.known.Values(from).References {
			target := v.Type + "/" + v.ID
			if a.known.All()[target] == nil || to != "" && to != v.Type {
				continue
			}
			for _, p := range a.params.Of(typ) {
				if len(of([]search.ReferenceValue{v}, func(r *search.ReferenceValue) *search.Slot { return r.Slot }, p)) > 0 {
					list = append(list, link{p, from, target})
				}
			}
		}
	}
	return list
}

// link chooses a reference of a type, preferably one that is there.
func (a *asker) link(typ, to string) (l link, ok bool) {
	if list := a.links(typ, to); len(list) > 0 && a.IntN(8) > 0 {
		return pick(a.Rand, list), true
	}
	var params []*search.Param
	for _, p := range a.params.Of(typ) {
		if p.Type == r4.ReferenceParam && (to == "" || slices.Contains(p.Targets, to)) {
			params = append(params, p)
		}
	}
	if len(params) == 0 {
		return l, false
	}
	return link{param: pick(a.Rand, params)}, true
}

// chain makes a chain.
func (a *asker) chain(typ string, depth int) (fhir.Param, bool) {
	l, ok := a.link(typ, "")
	if !ok {
		return fhir.Param{}, false
	}
	target, _, _ := strings.Cut(l.to, "/")
	if target == "" || a.IntN(16) == 0 {
		target = pick(a.Rand, a.types)
	}
	if len(a.params.Of(target)) == 0 {
		return fhir.Param{}, false
	}
	rest := a.at(target, l.to, depth)
	name := l.param.Code
	if a.IntN(2) == 0 {
		name += ":" + target
	}
	return fhir.Param{Name: name + "." + rest.Name, Value: rest.Value}, true
}

// has makes a _has.
func (a *asker) has(typ string, depth int) (fhir.Param, bool) {
	source := pick(a.Rand, a.types)
	l, ok := a.link(source, typ)
	if !ok {
		return fhir.Param{}, false
	}
	rest := a.at(source, l.from, depth)
	return fhir.Param{Name: "_has:" + source + ":" + l.param.Code + ":" + rest.Name, Value: rest.Value}, true
}

// at makes a parameter of the type at the other end of a reference, about what stands there.
func (a *asker) at(typ, reference string, depth int) fhir.Param {
	before := a.focus
	a.focus = reference
	defer func() { a.focus = before }()
	return a.about(typ, depth+1)
}

// references are the resources of a type in order, because a seed has to give the same queries again: the one in focus alone
// where it is of the type.
func (a *asker) references(typ string) (list []string) {
	if r := a.known.All()[a.focus]; r != nil && r.Type() == typ {
		return []string{a.focus}
	}
	for reference, r := range a.known.All() {
		if r.Type() == typ {
			list = append(list, reference)
		}
	}
	slices.Sort(list)
	return list
}

// tree makes any tree of criteria: more than a query can say.
func (a *asker) tree(criteria []search.Expr, depth int) search.Expr {
	parts := func() []search.Expr {
		list := make([]search.Expr, a.IntN(4))
		for i := range list {
			list[i] = a.tree(criteria, depth+1)
		}
		return list
	}
	if depth < 3 {
		switch a.IntN(5) {
		case 0:
			return search.And(parts())
		case 1, 2:
			return search.Or(parts())
		case 3:
			return &search.Not{Expr: a.tree(criteria, depth+1)}
		}
	}
	return pick(a.Rand, criteria)
}

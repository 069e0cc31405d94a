package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Part is what a search asks of one resource type.
type Part struct {
	Type  string
	Where And
	Sort  []Sort
}

// Each gives what the query asks of each type that it searches: one part, unless it is a search across types. Their Sort has
// the same rules, with the parameters of their type.
func (q *Query) Each() []Part {
	if q.Type != "" {
		return []Part{{Type: q.Type, Where: q.Where, Sort: q.Sort}}
	}
	return q.Parts
}

// Rewrite gives the query in whose criteria fn has replaced what it wants to: see the function Rewrite.
func (q *Query) Rewrite(fn func(Expr) (Expr, error)) (*Query, error) {
	rewritten := *q
	rewritten.Parts = slices.Clone(q.Parts)
	list := []*And{&rewritten.Where}
	for i := range rewritten.Parts {
		list = append(list, &rewritten.Parts[i].Where)
	}
	for _, where := range list {
		parts, err := rewriteAll(*where, fn)
		if err != nil {
			return nil, err
		}
		*where = parts
	}
	return &rewritten, nil
}

// across finds out which types a search across types is about (http://hl7.org/fhir/R4/search.html#type): those that _type
// names, or else all, or all that are in the compartment.
func (in *parsing) across(params fhir.Params) error {
	types := in.params.spec.Resources()
	if of := in.options.Within; of != nil {
		if _, err := in.params.compartment(*of); err != nil {
			return err
		}
		types = in.params.InCompartment(of.Type)
	}
	var named []string
	for _, param := range params {
		base, modifier, modified := strings.Cut(param.Name, ":")
		switch {
		case base != "_type":
			continue
		case modified:
			return fhir.Errorf(fhir.NotSupported, "the modifier ':%s' is not supported for the parameter '_type'", modifier)
		case named != nil:
			return fhir.NewOutcome(fhir.Invalid, "the parameter '_type' is repeated; one lists all types")
		}
		for name := range strings.SplitSeq(param.Value, ",") {
			switch {
			case !in.params.spec.IsResource(name):
				return fhir.NewOutcome(fhir.Invalid, "_type names a resource type that FHIR R4 does not have")
			case !slices.Contains(types, name):
				return fhir.Errorf(fhir.NotSupported, "no %s is in the compartment of a %s", name, in.options.Within.Type)
			}
			named = append(named, name)
		}
	}
	in.open = named == nil
	if named != nil {
		slices.Sort(named)
		types = slices.Compact(named)
		in.query.types = types
	}
	for _, typ := range types {
		in.query.Parts = append(in.query.Parts, Part{Type: typ})
	}
	return nil
}

// within narrows the query to a compartment.
func (in *parsing) within() error {
	of := in.options.Within
	if of == nil {
		return nil
	}
	q := in.query
	q.within = of
	member, err := in.params.Compartment(*of, q.Type, in.options.Base)
	if q.Type != "" {
		q.Where = append(q.Where, member)
		return err
	}
	for i := range q.Parts {
		part := &q.Parts[i]
		if member, err = in.params.Compartment(*of, part.Type, in.options.Base); err != nil {
			return err
		}
		part.Where = append(part.Where, member)
	}
	return nil
}

// criteria reads a parameter that selects resources. A search across types takes those that all of its types have; one of all
// types takes those of all that can have narratives and extensions too, and then it is not about Binary, Bundle and Parameters.
func (in *parsing) criteria(param fhir.Param) error {
	q := in.query
	if q.Type != "" {
		e, err := in.expression(q.Type, param, 0)
		if err == nil && e == nil {
			return in.ignore(fhir.NotSupported, in.params.unserved(q.Type, head(param.Name)))
		}
		if err == nil {
			q.Where = append(q.Where, e)
		}
		return err
	}
	list := make([]Expr, len(q.Parts))
	for i, part := range q.Parts {
		e, err := in.expression(part.Type, param, 0)
		if err != nil {
			return err
		}
		if e == nil && !(in.open && !in.params.spec.Type(part.Type).Is("DomainResource")) {
			return in.ignore(fhir.NotSupported, in.params.unserved(part.Type, head(param.Name))+", and a search across types needs parameters that all of them have")
		}
		list[i] = e
	}
	var parts []Part
	for i, part := range q.Parts {
		if list[i] != nil {
			part.Where = append(part.Where, list[i])
			parts = append(parts, part)
		}
	}
	q.Parts = parts
	return nil
}

// sortParam is the parameter of a sort rule, of the first type that is searched; nil where not all have one of the same type.
func (in *parsing) sortParam(code string) *Param {
	if in.query.Type != "" {
		return in.params.Param(in.query.Type, code)
	}
	var first *Param
	for _, part := range in.query.Parts {
		param := in.params.Param(part.Type, code)
		if param == nil || first != nil && param.Type != first.Type {
			return nil
		}
		if first == nil {
			first = param
		}
	}
	return first
}

// searched names what is searched.
func (in *parsing) searched() string {
	if in.query.Type == "" {
		return "all types that are searched"
	}
	return in.query.Type
}

// sortParts gives every part the sort rules of the query. Criteria that come after _sort may have taken parts away.
func (in *parsing) sortParts() {
	for i := range in.query.Parts {
		part := &in.query.Parts[i]
		for _, rule := range in.query.Sort {
			part.Sort = append(part.Sort, Sort{Param: in.params.Param(part.Type, rule.Param.Code), Descending: rule.Descending})
		}
	}
}

// path is where the query is, relative to the base.
func (q *Query) path() string {
	switch {
	case q.within == nil:
		return q.Type
	case q.Type == "":
		return q.within.String() + "/*"
	}
	return q.within.String() + "/" + q.Type
}

// written are the criteria that stand in the query of its URL.
func (q *Query) written() []Expr {
	where := q.Where
	if len(q.Parts) > 0 {
		where = q.Parts[0].Where
	}
	return slices.DeleteFunc(slices.Clone([]Expr(where)), func(e Expr) bool { _, member := e.(*Member); return member })
}

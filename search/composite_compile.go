package search

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// compositeTerm is a term of the expressions of composites, with what several of them take from its elements: the code of an
// Observation.component is looked up once, whichever composites it is part of.
type compositeTerm struct {
	base  *path.Expr
	parts []compositePart
	slots []compositeSlot
}

// compositePart is an expression that is evaluated on the elements of the base, and the kind of value it gives.
type compositePart struct {
	name string
	term term // its slot says no more than the kind
}

// compositeSlot keeps the combinations of some of the parts.
type compositeSlot struct {
	slot  *Slot
	parts []int // in compositeTerm.parts
}

// partKinds are the kinds of parameter that can be a part.
func partKinds() []r4.ParamType {
	return []r4.ParamType{r4.TokenParam, r4.StringParam, r4.DateParam, r4.NumberParam, r4.QuantityParam, r4.ReferenceParam, r4.URIParam}
}

// compileComposite makes a composite parameter and the terms of its index.
func (p *Params) compileComposite(param *Param, def *r4.SearchParam, t *typeParams, slots map[string]*Slot) (skip string) {
	if n := len(def.Components); n < 2 || n > MaxParts {
		return fmt.Sprintf("it has %d components; a composite has 2 to %d", n, MaxParts)
	}
	expr, err := path.Compile(p.spec, def.Expression)
	if err != nil {
		return err.Error()
	}
	bases, err := expr.Terms(param.Resource)
	if err != nil {
		return err.Error()
	}
	if len(bases) == 0 {
		return fmt.Sprintf("its expression has nothing for %s", param.Resource)
	}
	for i, component := range def.Components {
		part := p.partDefinition(def, i, bases[0].String(), param.Resource)
		switch {
		case part == nil:
			return "its component " + component.Definition + " is not known"
		case !slices.Contains(partKinds(), part.Type):
			return "components of type " + string(part.Type) + " are not supported"
		}
		param.Parts = append(param.Parts, &Param{Code: part.Code, URL: part.URL, Type: part.Type, Resource: param.Resource, Targets: part.Targets})
	}
	for _, base := range bases {
		slot, err := p.compositeSlot(param, def, base, t)
		if err != nil {
			return err.Error()
		}
		slots[slot.Key()] = slot
		param.Sources = append(param.Sources, Source{Slot: slot})
	}
	return ""
}

// partDefinition finds the parameter that a component is: the one that its definition names, unless another component's
// definition is what its expression says. R4 has them the wrong way round in DocumentReference.relationship, whose relation is
// at "target" and whose relatesto at "code".
func (p *Params) partDefinition(def *r4.SearchParam, i int, base, resource string) *r4.SearchParam {
	expression := base + "." + def.Components[i].Expression
	for _, component := range def.Components {
		other := p.definition(component.Definition)
		if other == nil || other.Expression == "" {
			continue
		}
		if expr, err := path.Compile(p.spec, other.Expression); err == nil {
			if terms, err := expr.Terms(resource); err == nil && slices.ContainsFunc(terms, func(x *path.Expr) bool { return x.String() == expression }) {
				return other
			}
		}
	}
	return p.definition(def.Components[i].Definition)
}

// definition finds an official parameter by its URL.
func (p *Params) definition(url string) *r4.SearchParam {
	all := p.spec.SearchParams()
	if i, ok := slices.BinarySearchFunc(all, url, func(d *r4.SearchParam, url string) int { return strings.Compare(d.URL, url) }); ok {
		return all[i]
	}
	return nil
}

// compositeSlot finds or makes the slot of a composite's parts on the elements of base. A custom composite does not join an
// official term, which may cost more (see bounded).
func (p *Params) compositeSlot(param *Param, def *r4.SearchParam, base *path.Expr, t *typeParams) (*Slot, error) {
	exprs, names := make([]*path.Expr, len(def.Components)), make([]string, len(def.Components))
	for k, component := range def.Components {
		expr, err := path.Compile(p.spec, component.Expression)
		if err != nil {
			return nil, err
		}
		exprs[k], names[k] = expr, string(param.Parts[k].Type)+" "+expr.String()
	}
	made := compositeSlot{slot: p.slot(param.Resource, r4.CompositeParam, base.String()+": "+strings.Join(names, ", "))}
	for _, c := range t.composites {
		if slices.ContainsFunc(c.slots, func(known compositeSlot) bool { return known.slot == made.slot }) {
			return made.slot, nil
		}
	}
	own := t.composites[t.bounded.composites:]
	i := slices.IndexFunc(own, func(c *compositeTerm) bool { return c.base.String() == base.String() })
	if i < 0 {
		i = len(own)
		t.composites = append(t.composites, &compositeTerm{base: base})
	}
	c := t.composites[t.bounded.composites+i]
	for k, expr := range exprs {
		kind := param.Parts[k].Type
		at := slices.IndexFunc(c.parts, func(part compositePart) bool { return part.name == names[k] })
		if at < 0 {
			at = len(c.parts)
			slot := &Slot{Type: param.Resource, Kind: kind}
			binding := p.binding(&Slot{Kind: kind, Term: base.String() + "." + expr.String()})
			c.parts = append(c.parts, compositePart{name: names[k], term: term{slot: slot, expr: expr, binding: binding}})
		}
		made.parts = append(made.parts, at)
	}
	c.slots = append(c.slots, made)
	return made.slot, nil
}

package search

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// term is an expression whose values a slot keeps.
type term struct {
	slot    *Slot
	expr    *path.Expr
	binding *r4.Binding // of an element of type code: its system follows from it

	ofType      *Slot      // of tokens: see Source.OfType
	identifiers []narrowed // of references: see Source.Identifier
}

// compile makes the parameters of a resource type and the terms of its index. Terms that several parameters have in
// common become one slot.
func (p *Params) compile(resource string, t *typeParams) {
	t.params = make(map[string]*Param, len(t.defs))
	slots := make(map[string]*Slot)
	for i, def := range t.defs {
		if i == t.custom {
			t.bounded = bounded{len(t.terms), len(t.composites)}
		}
		param := &Param{Code: def.Code, URL: def.URL, Type: def.Type, Resource: resource, Targets: def.Targets}
		if reason := p.compileParam(param, def, t, slots); reason != "" {
			t.skip = append(t.skip, Skipped{Resource: resource, Code: def.Code, Reason: reason})
			continue
		}
		t.params[def.Code] = param
	}
	t.params["_list"] = listParam(resource)
	t.withhold()
	t.gatherKeys()
}

func (p *Params) compileParam(param *Param, def *r4.SearchParam, t *typeParams, slots map[string]*Slot) (skip string) {
	switch {
	case def.Code == "_id":
		param.Special = ID
		return ""
	case def.Code == "_lastUpdated":
		param.Special = LastUpdated
		return ""
	case specialOf(def) != NotSpecial:
		param.Special = specialOf(def)
		return ""
	case def.Type == r4.CompositeParam:
		return p.compileComposite(param, def, t, slots)
	case !slices.Contains([]r4.ParamType{r4.TokenParam, r4.StringParam, r4.DateParam, r4.ReferenceParam, r4.URIParam, r4.NumberParam, r4.QuantityParam}, def.Type) && !isNear(def):
		return "parameters of type " + string(def.Type) + " are not supported"
	case def.Expression == "":
		return "it has no expression"
	}
	expr, err := path.Compile(p.spec, def.Expression)
	if err != nil {
		return err.Error()
	}
	terms, err := expr.Terms(param.Resource)
	if err != nil {
		return err.Error()
	}
	for _, x := range terms {
		source := Source{}
		if base, target, ok := x.Target(); ok && def.Type == r4.ReferenceParam {
			x, source.Target = base, target
		}
		slot := p.slot(param.Resource, def.Type, x.String())
		if known := slots[slot.Key()]; known != nil {
			slot = known
		} else {
			slots[slot.Key()] = slot
			t.terms = append(t.terms, term{slot: slot, expr: x, binding: p.binding(slot)})
		}
		source.Slot = slot
		p.derive(&source, t)
		param.Sources = append(param.Sources, source)
	}
	if len(param.Sources) == 0 {
		return fmt.Sprintf("its expression has nothing for %s", param.Resource)
	}
	return ""
}

// binding finds the binding of the element that a plain path leads to.
func (p *Params) binding(slot *Slot) *r4.Binding {
	if slot.Kind != r4.TokenParam {
		return nil
	}
	if element := p.element(slot.Term); element != nil && len(element.Types) == 1 {
		return element.Binding
	}
	return nil
}

// element finds the element that a plain path leads to; nil for any other expression.
func (p *Params) element(term string) *r4.Element {
	if strings.ContainsAny(term, "() ") {
		return nil
	}
	names := strings.Split(term, ".")
	typ := p.spec.Type(names[0])
	var element *r4.Element
	for _, name := range names[1:] {
		if typ == nil {
			return nil
		}
		if element = typ.Element(name); element == nil {
			return nil
		}
		typ = nil
		if len(element.Types) == 1 {
			typ = element.Types[0].Type
		}
	}
	return element
}

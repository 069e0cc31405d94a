package path

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// step is one ".name" of a path. Where the types before it are known when the expression is compiled, owner and
// element spare the look-up; a node of another type looks its element up by name.
type step struct {
	name    string
	owner   *r4.Type
	element *r4.Element
}

// walk pushes what the steps lead to from v. It goes down each branch to its end before it takes the next, so that
// nothing but the result is ever stored.
func (ev *Evaluator) walk(v *Value, steps []step) error {
	s := &steps[0]
	if v.kind != Node {
		return ev.walkSystem(v, steps)
	}
	if v.typ == nil {
		return ev.walkUntyped(v, steps)
	}
	element := s.element
	if v.typ != s.owner || element == nil {
		if element = v.typ.Element(s.name); element == nil {
			return ev.step(1)
		}
	}
	if element.Choice {
		return ev.walkChoice(v, element, steps)
	}
	if v.typ.Kind == r4.Primitive && s.name == "value" {
		return ev.walkValue(v, steps)
	}
	ref := &element.Types[0]
	return ev.repetitions(v, v.node.Get(ref.Name), ref.Type, steps[1:])
}

// walkChoice finds the one property of a choice element ("valueQuantity") that is there. Looking at each property
// once beats asking for every type by name.
func (ev *Evaluator) walkChoice(v *Value, element *r4.Element, steps []step) error {
	for p := v.node.First(); p.Exists(); p = p.Next() {
		name := strings.TrimPrefix(p.Name(), "_")
		if !strings.HasPrefix(name, element.Name) {
			continue
		}
		if property, ok := v.typ.Property(name); ok && property.Element == element {
			return ev.repetitions(v, v.node.Get(name), property.Ref.Type, steps[1:])
		}
	}
	return ev.step(1)
}

// walkUntyped goes by JSON's names where R4 does not know the type.
func (ev *Evaluator) walkUntyped(v *Value, steps []step) error {
	if strings.HasPrefix(steps[0].name, "_") {
		return nil
	}
	return ev.repetitions(v, v.node.Get(steps[0].name), nil, steps[1:])
}

// walkValue answers .value of a FHIR primitive (http://hl7.org/fhir/R4/fhirpath.html#types).
func (ev *Evaluator) walkValue(v *Value, steps []step) error {
	s := v.system()
	if s.kind == Node {
		return ev.step(1)
	}
	return ev.arrive(&s, steps[1:])
}

// walkSystem answers the elements of a TypeInfo; the other System values have none.
func (ev *Evaluator) walkSystem(v *Value, steps []step) error {
	if v.kind != TypeInfo {
		return ev.step(1)
	}
	s, ok := v.typeInfoElement(steps[0].name)
	if !ok {
		return ev.step(1)
	}
	return ev.arrive(&s, steps[1:])
}

// repetitions continues with every repetition of a property of v.
func (ev *Evaluator) repetitions(v *Value, property fhir.Element, typ *r4.Type, steps []step) error {
	if !property.Exists() {
		return ev.step(1)
	}
	switch {
	case property.Kind() == fhir.Object:
		return ev.enter(v, property, typ, steps)
	case property.Kind() == fhir.Array && typ != nil && typ.Kind != r4.Primitive:
		// Items of complex types have no companions, so the array can be walked as it is.
		for item := property.First(); item.Exists(); item = item.Next() {
			if err := ev.enter(v, item, typ, steps); err != nil {
				return err
			}
		}
		return nil
	}
	for item := range property.Items() {
		if err := ev.enter(v, item, typ, steps); err != nil {
			return err
		}
	}
	return nil
}

// enter continues with one child of v.
func (ev *Evaluator) enter(v *Value, e fhir.Element, typ *r4.Type, steps []step) error {
	child := Value{kind: Node, typ: typ, node: e, scope: v.scope}
	if typ != nil && typ.Kind == r4.Resource {
		child = v.scope.inner(e)
	}
	return ev.arrive(&child, steps)
}

func (ev *Evaluator) arrive(v *Value, steps []step) error {
	if len(steps) == 0 {
		return ev.push(*v)
	}
	return ev.walk(v, steps)
}

// inner is the value of a resource inside another.
func (s *scope) inner(e fhir.Element) Value {
	typ := typeByName(s.spec, e.Get("resourceType").Text())
	return (&scope{spec: s.spec, resource: e, typ: typ, parent: s}).value()
}

package path

import (
	"strings"

	"andiron.dev/fhir"
)

// referenceText is what a value refers to: Reference.reference and .type, or the text of a uri, url or canonical
// (http://hl7.org/fhir/R4/fhirpath.html#functions). ok is false for what is no reference.
func (v *Value) referenceText() (text, typ string, ok bool) {
	if v.kind == Node && v.node.Kind() == fhir.Object {
		return v.node.Get("reference").Text(), v.node.Get("type").Text(), v.typ == nil || v.typ.Name == "Reference"
	}
	s := v.system()
	return s.text, "", s.kind == SystemString
}

// resolve is resolve(): references that lead nowhere are left out.
func resolve(ev *Evaluator, _ *call, mark int) error {
	end := len(ev.stack)
	for i := mark; i < end; i++ {
		v := ev.stack[i]
		target, err := ev.target(&v)
		if err != nil {
			return err
		}
		if target.kind == None {
			continue
		}
		if err := ev.push(target); err != nil {
			return err
		}
	}
	ev.drop(mark, end)
	return nil
}

// target finds the resource that v refers to: in the document first, then with the Resolver. It is the zero Value
// where there is none.
func (ev *Evaluator) target(v *Value) (Value, error) {
	text, _, ok := v.referenceText()
	if !ok || text == "" {
		return Value{}, nil
	}
	scope := v.scope
	if scope == nil {
		scope = ev.context.scope
	}
	if local, err := ev.local(scope, text); err != nil || local.kind != None {
		return local, err
	}
	if ev.env.Resolve == nil || strings.HasPrefix(text, "#") {
		return Value{}, nil
	}
	e, err := ev.env.Resolve(ev.ctx, text)
	if err != nil || !e.Exists() {
		return Value{}, err
	}
	found := Root(scopeSpec(scope), e, "")
	return found, ev.step(1)
}

// targetType is the name of the type that v refers to, as far as it can be told without leaving the document: by the
// reference itself, by Reference.type, by what is contained or in the same Bundle.
func (ev *Evaluator) targetType(v *Value) (name string, err error) {
	text, typ, ok := v.referenceText()
	if !ok {
		return "", nil
	}
	if !strings.HasPrefix(text, "#") {
		if ref := fhir.ParseReference(text); ref.Type != "" {
			return ref.Type, nil
		}
		if typ != "" {
			return typ, nil
		}
	}
	if v.scope == nil || text == "" {
		return typ, nil
	}
	found, err := ev.local(v.scope, text)
	if err == nil && found.kind != None {
		return found.node.Get("resourceType").Text(), nil
	}
	return typ, err
}

// targetTest is "resolve() is T", which search parameters use to tell references apart. It seldom needs the resource.
type targetTest struct {
	references op // nil: $this
	spec       typeSpecifier
	pos        int
}

func (x *targetTest) eval(ev *Evaluator) error { return ev.pushTruth(x.truth(ev)) }

func (x *targetTest) truth(ev *Evaluator) (truth, error) {
	v, ok := ev.this, ev.this.kind != None
	if x.references != nil {
		var err error
		if v, ok, err = ev.single(x.references, x.pos); err != nil {
			return isEmpty, err
		}
	}
	if !ok {
		return isEmpty, nil
	}
	if err := ev.step(1); err != nil {
		return isEmpty, err
	}
	name, err := ev.targetType(&v)
	if err != nil {
		return isEmpty, err
	}
	if name == x.spec.typ.Name {
		return isTrue, nil
	}
	if typ := typeByName(scopeSpec(v.scope), name); typ != nil {
		return truthOf(typ.Is(x.spec.typ.Name)), nil
	}
	target, err := ev.target(&v)
	if err != nil || target.kind == None {
		return isEmpty, err
	}
	return truthOf(x.spec.is(&target)), nil
}

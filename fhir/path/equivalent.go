package path

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// equivalentCollections is ~ for collections: the order does not matter.
func (ev *Evaluator) equivalentCollections(a, b []Value) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	if len(a) == 1 {
		return ev.equivalent(&a[0], &b[0])
	}
	left := slices.Clone(b)
	for i := range a {
		found := -1
		for j := range left {
			same, err := ev.equivalent(&a[i], &left[j])
			if err != nil {
				return false, err
			}
			if same {
				found = j
				break
			}
		}
		if found < 0 {
			return false, nil
		}
		left = slices.Delete(left, found, found+1)
	}
	return true, nil
}

// equivalent is ~ for two items.
func (ev *Evaluator) equivalent(a, b *Value) (bool, error) {
	if err := ev.step(1); err != nil {
		return false, err
	}
	x, y := a.system(), b.system()
	if x.kind == Node || y.kind == Node {
		if x.kind != y.kind {
			return false, nil
		}
		return ev.equivalentNodes(&x, &y)
	}
	switch {
	case x.kind == SystemQuantity || y.kind == SystemQuantity:
		p, ok := x.asQuantity()
		q, ok2 := y.asQuantity()
		return ok && ok2 && ev.equivalentQuantities(&p, &q), nil
	case x.numeric() && y.numeric():
		s, _ := x.asString()
		t, _ := y.asString()
		return equivalentNumbers(s, t), nil
	case x.kind == SystemString && y.kind == SystemString:
		if err := ev.produce(len(x.text) + len(y.text)); err != nil {
			return false, err
		}
		return strings.EqualFold(x.text, y.text) || normalized(x.text) == normalized(y.text), nil
	}
	return ev.equalSystem(&x, &y) == isTrue, nil
}

// equivalentNodes compares complex elements as http://hl7.org/fhir/R4/fhirpath.html#changes says: ids do not matter;
// of a Coding only code and system do; two CodeableConcepts that share a Coding are equivalent.
func (ev *Evaluator) equivalentNodes(a, b *Value) (bool, error) {
	if a.typ == nil || b.typ == nil || a.typ != b.typ {
		return a.typ == b.typ && fhir.Equal(a.node, b.node), nil
	}
	mark := len(ev.stack)
	defer func() { ev.stack = ev.stack[:mark] }()
	switch a.typ.Name {
	case "Coding":
		return a.node.Get("code").Text() == b.node.Get("code").Text() &&
			a.node.Get("system").Text() == b.node.Get("system").Text(), nil
	case "CodeableConcept":
		return ev.shareCoding(a, b)
	}
	if a.typ.Kind == r4.Primitive && (a.hasValue() || b.hasValue()) {
		return false, nil // a value that could not be read
	}
	for _, element := range a.typ.Elements {
		if element.Name == "id" {
			continue
		}
		x, y, err := ev.both(a, b, element.Name)
		if err != nil {
			return false, err
		}
		same, err := ev.equivalentCollections(x, y)
		if err != nil || !same {
			return false, err
		}
		ev.stack = ev.stack[:mark]
	}
	return true, nil
}

// both pushes the children of the given name of a, then those of b.
func (ev *Evaluator) both(a, b *Value, name string) (x, y []Value, err error) {
	steps := []step{{name: name}}
	mark := len(ev.stack)
	if err := ev.walk(a, steps); err != nil {
		return nil, nil, err
	}
	middle := len(ev.stack)
	if err := ev.walk(b, steps); err != nil {
		return nil, nil, err
	}
	return ev.stack[mark:middle], ev.stack[middle:], nil
}

func (ev *Evaluator) shareCoding(a, b *Value) (bool, error) {
	x, y, err := ev.both(a, b, "coding")
	if err != nil {
		return false, err
	}
	if len(x) == 0 && len(y) == 0 {
		return normalized(a.node.Get("text").Text()) == normalized(b.node.Get("text").Text()), nil
	}
	for i := range x {
		for j := range y {
			same, err := ev.equivalent(&x[i], &y[j])
			if err != nil || same {
				return same, err
			}
		}
	}
	return false, nil
}

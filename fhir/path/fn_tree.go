package path

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// treeFunction finds children() and descendants() (http://hl7.org/fhirpath/N1/#tree-navigation). Both follow the order
// of the document.
func treeFunction(name string) (function, bool) {
	switch name {
	case "children":
		return function{result: resultTree, eval: children}, true
	case "descendants":
		return function{result: resultTree, eval: descendants}, true
	}
	return function{}, false
}

func children(ev *Evaluator, _ *call, mark int) error {
	end := len(ev.stack)
	for i := mark; i < end; i++ {
		v := ev.stack[i]
		if err := ev.pushChildren(&v); err != nil {
			return err
		}
	}
	ev.drop(mark, end)
	return nil
}

// descendants works through the stack as it grows. Nothing can be found twice in a tree, so unlike repeat() it needs
// no comparison.
func descendants(ev *Evaluator, _ *call, mark int) error {
	end := len(ev.stack)
	for i := mark; i < len(ev.stack); i++ {
		v := ev.stack[i]
		if err := ev.pushChildren(&v); err != nil {
			return err
		}
	}
	ev.drop(mark, end)
	return nil
}

// pushChildren pushes the elements of v that are there; resourceType is none, it is the type.
func (ev *Evaluator) pushChildren(v *Value) error {
	if v.kind != Node {
		return ev.step(1)
	}
	if v.node.Kind() != fhir.Object {
		// A primitive has an id and extensions, if anything.
		for _, name := range [...]string{"id", "extension"} {
			if err := ev.pushProperty(v, name); err != nil {
				return err
			}
		}
		return nil
	}
	for p := v.node.First(); p.Exists(); p = p.Next() {
		name := p.Name()
		if main, ok := strings.CutPrefix(name, "_"); ok {
			if v.node.Get(main).Kind() != fhir.Absent {
				continue // it comes with its value
			}
			name = main
		}
		if name == "resourceType" {
			continue
		}
		if err := ev.pushProperty(v, name); err != nil {
			return err
		}
	}
	return nil
}

func (ev *Evaluator) pushProperty(v *Value, name string) error {
	var typ *r4.Type
	if v.typ != nil {
		property, ok := v.typ.Property(name)
		if ok {
			typ = property.Ref.Type
		}
	}
	return ev.repetitions(v, v.node.Get(name), typ, nil)
}

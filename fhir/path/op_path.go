package path

import "andiron.dev/fhir/r4"

// constant is a literal, or {}.
type constant struct{ values []Value }

func (x constant) eval(ev *Evaluator) error {
	for _, v := range x.values {
		if err := ev.push(v); err != nil {
			return err
		}
	}
	return nil
}

type thisValue struct{}

func (thisValue) eval(ev *Evaluator) error {
	if ev.this.kind == None {
		return nil
	}
	return ev.push(ev.this)
}

type indexValue struct{}

func (indexValue) eval(ev *Evaluator) error {
	if ev.index < 0 {
		return nil
	}
	return ev.push(Integer(ev.index))
}

type totalValue struct{}

func (totalValue) eval(ev *Evaluator) error {
	return constant{ev.total}.eval(ev)
}

// path is a chain of names: all of them at once, so that a path such as Patient.name.family stores nothing on its way.
type path struct {
	base  op       // nil: $this
	root  *r4.Type // the type that the path begins with: $this must be one; nil where it begins otherwise
	steps []step
}

func (x *path) eval(ev *Evaluator) error {
	if x.base == nil {
		this := &ev.this
		if x.root != nil && this.typ != x.root && !(this.kind == Node && this.typ != nil && this.typ.Is(x.root.Name)) {
			return ev.step(1)
		}
		if this.kind == None {
			return nil
		}
		return ev.arrive(this, x.steps)
	}
	mark := len(ev.stack)
	if err := x.base.eval(ev); err != nil {
		return err
	}
	end := len(ev.stack)
	for i := mark; i < end; i++ {
		v := ev.stack[i] // a copy: the stack may move
		if err := ev.walk(&v, x.steps); err != nil {
			return err
		}
	}
	ev.drop(mark, end)
	return nil
}

// indexer is base[at] (http://hl7.org/fhirpath/N1/#index-integer-collection).
type indexer struct {
	base, at op
	pos      int
}

func (x *indexer) eval(ev *Evaluator) error {
	mark := len(ev.stack)
	if err := x.base.eval(ev); err != nil {
		return err
	}
	end := len(ev.stack)
	at, ok, err := ev.integer(x.at, x.pos)
	if err != nil {
		return err
	}
	if !ok || at < 0 || int(at) >= end-mark {
		ev.stack = ev.stack[:mark]
		return nil
	}
	ev.stack[mark] = ev.stack[mark+int(at)]
	ev.stack = ev.stack[:mark+1]
	return nil
}

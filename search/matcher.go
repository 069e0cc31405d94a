package search

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

// Matcher evaluates one expression over resources of one type in memory. Of a resource it computes no more than the expression
// asks about, which is what authorization does with every resource that leaves. It is safe for concurrent use.
type Matcher struct {
	params     *Params
	expr       Expr
	typ        string
	types      *typeParams
	terms      []int // those whose values are asked about
	composites []int
}

// Matcher prepares an expression for resources of a type.
func (p *Params) Matcher(typ string, e Expr) *Matcher {
	m := &Matcher{params: p, expr: e, typ: typ, types: p.of(typ)}
	slots := make(map[*Slot]bool)
	asked(e, slots)
	for i := range m.types.terms {
		t := &m.types.terms[i]
		if slots[t.slot] || t.ofType != nil && slots[t.ofType] || slices.ContainsFunc(t.identifiers, func(n narrowed) bool { return slots[n.slot] }) {
			m.terms = append(m.terms, i)
		}
	}
	for i, c := range m.types.composites {
		if slices.ContainsFunc(c.slots, func(s compositeSlot) bool { return slots[s.slot] }) {
			m.composites = append(m.composites, i)
		}
	}
	return m
}

// asked gathers the slots that an expression looks into. What it asks of other resources is for a Corpus to say.
func asked(e Expr, slots map[*Slot]bool) {
	list := func(parts []Expr) {
		for _, part := range parts {
			asked(part, slots)
		}
	}
	switch e := e.(type) {
	case And:
		list(e)
	case Or:
		list(e)
	case *Not:
		asked(e.Expr, slots)
	case *Member:
		list(e.Where)
	case *Filter:
		asked(e.Where, slots)
	case *Named:
		asked(e.Where, slots)
	case *Chain:
		e.Param.gather(slots)
	case interface{ param() *Param }:
		e.param().gather(slots)
	}
}

func (c criterion) param() *Param { return c.Param }

func (p *Param) gather(slots map[*Slot]bool) {
	for i := range p.Sources {
		for _, slot := range []*Slot{p.Sources[i].Slot, p.Sources[i].OfType, p.Sources[i].Identifier} {
			if slot != nil {
				slots[slot] = true
			}
		}
	}
}

// Match reports whether a resource is what the expression asks for.
func (m *Matcher) Match(r *fhir.Resource, corpus Corpus) bool {
	return r.Type() == m.typ && Match(m.expr, r, m.Values(r), corpus)
}

// Values are the index values that the expression asks about.
func (m *Matcher) Values(r *fhir.Resource) *Values {
	v := &Values{}
	if len(m.terms)+len(m.composites) == 0 {
		return v
	}
	p := m.params
	ev := p.evaluators.Get().(*path.Evaluator)
	defer p.evaluators.Put(ev)
	focus := path.Root(p.spec, r.Root(), m.typ)
	var found []path.Value
	for _, i := range m.terms {
		m.types.bounded.limit(ev, i, m.types.bounded.terms)
		var err error
		if found, err = ev.Eval(context.Background(), m.types.terms[i].expr, focus, found[:0]); err != nil {
			continue // as in the index
		}
		for _, value := range found {
			p.add(v, &m.types.terms[i], value)
		}
	}
	for _, i := range m.composites {
		m.types.bounded.limit(ev, i, m.types.bounded.composites)
		p.addComposites(v, m.types.composites[i], ev, focus)
	}
	m.types.bounded.limit(ev, -1, 0)
	return v
}

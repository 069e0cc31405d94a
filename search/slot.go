package search

import (
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// slot gives the slot of a term. There is one for each key, so that values and queries that were made with different sets of
// custom parameters fit together.
func (p *Params) slot(resource string, kind r4.ParamType, term string) *Slot {
	s := &Slot{Type: resource, Kind: kind, Term: term}
	known, _ := p.slots.LoadOrStore(s.Key(), s)
	return known.(*Slot)
}

// scratch gives the same parameters without what is shared, to try a definition out without leaving anything behind.
func (p *Params) scratch() *Params {
	s := &Params{spec: p.spec, official: p.official, units: p.units}
	s.set.Store(p.set.Load())
	return s
}

// gatherKeys notes the keys of all slots of a resource type, and of those whose parameters are served.
func (t *typeParams) gatherKeys() {
	set, served := make(map[string]bool), make(map[string]bool)
	t.keys, t.served = set, served
	for _, param := range t.params {
		for _, source := range param.Sources {
			for _, slot := range []*Slot{source.Slot, source.OfType, source.Identifier} {
				if slot != nil {
					served[slot.Key()] = true
				}
			}
		}
	}
	for i := range t.terms {
		for _, s := range t.terms[i].slots() {
			set[s.Key()] = true
		}
	}
	for _, c := range t.composites {
		for i := range c.slots {
			set[c.slots[i].slot.Key()] = true
		}
	}
}

// slots are the slots that the values of a term go to.
func (t *term) slots() []*Slot {
	list := []*Slot{t.slot}
	if t.ofType != nil {
		list = append(list, t.ofType)
	}
	for i := range t.identifiers {
		list = append(list, t.identifiers[i].slot)
	}
	return list
}

// Keys gives the keys of the index slots of a resource type: those of the official parameters, and those that can be searched by.
// They are not to be changed.
func (p *Params) Keys(resource string) (official, served map[string]bool) {
	if t := p.official[resource]; t != nil {
		return p.compiled(resource, t).keys, p.of(resource).served
	}
	return nil, nil
}

// KeysOf gives the keys of the index slots of a definition for a resource type, whether it is in force or not.
func (p *Params) KeysOf(def *r4.SearchParam, resource string) map[string]bool {
	if !p.defines(def, resource) {
		return map[string]bool{}
	}
	return p.scratch().compiled(resource, &typeParams{defs: []*r4.SearchParam{def}}).keys
}

// isFor reports whether a term gives values for any of the slots; nil = all.
func (t *term) isFor(slots map[string]bool) bool {
	if slots == nil {
		return true
	}
	for _, s := range t.slots() {
		if slots[s.Key()] {
			return true
		}
	}
	return false
}

func (c *compositeTerm) isFor(slots map[string]bool) bool {
	if slots == nil {
		return true
	}
	for i := range c.slots {
		if slots[c.slots[i].slot.Key()] {
			return true
		}
	}
	return false
}

// bounded says how many terms and composites of a resource type are official; what follows is custom, and may not cost as
// much. Nothing is custom where it is zero.
type bounded struct{ terms, composites int }

// customLimits bound what the expression of a custom parameter may cost with each write of a resource. One that costs more
// finds nothing in that resource.
func customLimits() path.Limits { return path.Limits{Steps: 100_000, Items: 10_000, Bytes: 1 << 20} }

// limit prepares the evaluator for the expression at a place in a list of which some are official.
func (b bounded) limit(ev *path.Evaluator, place, official int) {
	switch {
	case b == bounded{}:
	case place >= official:
		ev.Limit(customLimits())
	default:
		ev.Limit(path.Limits{})
	}
}

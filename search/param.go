package search

import (
	"sort"
	"sync"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// Param is a search parameter as one resource type has it.
type Param struct {
	Code     string // the name in a query
	URL      string // canonical of the SearchParameter
	Type     r4.ParamType
	Resource string   // the resource type searched
	Sources  []Source // where its values are; empty for ID and LastUpdated
	Targets  []string // of a reference: the resource types it may lead to
	Special  Special  // parameters that every resource has and no index slot holds
}

// Source is a slot together with what of it counts.
type Source struct {
	Slot   *Slot
	Target string // of a reference: only references to this type; "" = all
}

// Special tells the parameters apart that engines answer from the resource's own row.
type Special uint8

// The special parameters.
const (
	NotSpecial  Special = iota
	ID                  // _id
	LastUpdated         // _lastUpdated
)

// has reports whether the parameter's values are (also) in the slot.
func (p *Param) has(slot *Slot) bool {
	for i := range p.Sources {
		if p.Sources[i].Slot == slot {
			return true
		}
	}
	return false
}

// leadsTo reports whether a reference is one of the parameter's.
func (p *Param) leadsTo(v *ReferenceValue) bool {
	for i := range p.Sources {
		if s := &p.Sources[i]; s.Slot == v.Slot && (s.Target == "" || s.Target == v.Type) {
			return true
		}
	}
	return false
}

// Params are the search parameters in force, and the index of what they can be asked for. They are safe for concurrent
// use. The expressions of a resource type are compiled when the type is first used.
type Params struct {
	spec       *r4.Spec
	types      map[string]*typeParams
	evaluators sync.Pool // *path.Evaluator
}

// typeParams are the parameters of one resource type.
type typeParams struct {
	once   sync.Once
	defs   []*r4.SearchParam
	params map[string]*Param
	terms  []term
	skip   []Skipped
}

// Skipped is an official search parameter that this build does not serve, and why.
type Skipped struct {
	Resource, Code, Reason string
}

// NewParams returns the official search parameters.
func NewParams(spec *r4.Spec) *Params {
	p := &Params{spec: spec, types: make(map[string]*typeParams)}
	p.evaluators.New = func() any { return path.NewEvaluator(path.Env{}) }
	for _, name := range spec.Resources() {
		p.types[name] = &typeParams{}
	}
	for _, def := range spec.SearchParams() {
		for _, base := range def.Base {
			for name, t := range p.types {
				if spec.Type(name).Is(base) {
					t.defs = append(t.defs, def)
				}
			}
		}
	}
	return p
}

// of returns the parameters of a resource type, compiled.
func (p *Params) of(resource string) *typeParams {
	t := p.types[resource]
	if t == nil {
		return &typeParams{}
	}
	t.once.Do(func() { p.compile(resource, t) })
	return t
}

// Param returns a parameter of a resource type, or nil.
func (p *Params) Param(resource, code string) *Param { return p.of(resource).params[code] }

// Of returns the parameters of a resource type in the order of their codes.
func (p *Params) Of(resource string) []*Param {
	t := p.of(resource)
	params := make([]*Param, 0, len(t.params))
	for _, param := range t.params {
		params = append(params, param)
	}
	sort.Slice(params, func(i, j int) bool { return params[i].Code < params[j].Code })
	return params
}

// Skipped lists what of the specification is not served for a resource type. The CapabilityStatement does not announce it.
func (p *Params) Skipped(resource string) []Skipped { return p.of(resource).skip }

// Slots lists the index slots of a resource type.
func (p *Params) Slots(resource string) []*Slot {
	t := p.of(resource)
	slots := make([]*Slot, len(t.terms))
	for i := range t.terms {
		slots[i] = t.terms[i].slot
	}
	return slots
}

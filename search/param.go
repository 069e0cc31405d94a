package search

import (
	"sort"
	"sync"
	"sync/atomic"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
	"andiron.dev/search/ucum"
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
	Parts    []*Param // of a composite: what its values are made of; they have no sources of their own
}

// Source is a slot together with what of it counts.
type Source struct {
	Slot   *Slot
	Target string // of a reference: only references to this type; "" = all

	OfType     *Slot // of a token that may be an Identifier: what :of-type searches; nil = none
	Identifier *Slot // of a reference: what :identifier searches
}

// Special tells the parameters apart that engines answer from the resource's own row.
type Special uint8

// The special parameters.
const (
	NotSpecial       Special = iota
	ID                       // _id
	LastUpdated              // _lastUpdated
	NarrativeText            // _text
	ContentText              // _content
	ListMember               // _list
	FilterExpression         // _filter
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
	official   map[string]*typeParams
	set        atomic.Pointer[paramSet] // the official ones and those of the store: see custom.go
	slots      sync.Map                 // *Slot by key: a slot is one, whatever set it belongs to
	evaluators sync.Pool                // *path.Evaluator
	units      *ucum.Units              // nil = none: quantities compare in the unit they are written with
	queries    []NamedQuery             // added before anybody searches
}

// typeParams are the parameters of one resource type.
type typeParams struct {
	once   sync.Once
	defs   []*r4.SearchParam
	params map[string]*Param
	terms  []term
	skip   []Skipped

	composites []*compositeTerm

	custom  int                // where custom ones begin among the defs; 0 = there are none
	bounded bounded            // and among what is evaluated
	pending map[string]*Custom // by code: indexed, but not searched by yet
	keys    map[string]bool    // of the slots
	served  map[string]bool    // of those that can be searched by
}

// Skipped is an official search parameter that this build does not serve, and why.
type Skipped struct {
	Resource, Code, Reason string
}

// NewParams returns the official search parameters. Without units (nil), quantities compare in the unit they are written
// with.
func NewParams(spec *r4.Spec, units *ucum.Units) *Params {
	p := &Params{spec: spec, official: make(map[string]*typeParams), units: units}
	env := path.Env{}
	if units != nil {
		env.Units = units
	}
	p.evaluators.New = func() any { return path.NewEvaluator(env) }
	for _, name := range spec.Resources() {
		p.official[name] = &typeParams{}
	}
	for _, def := range spec.SearchParams() {
		for _, base := range def.Base {
			for name, t := range p.official {
				if spec.Type(name).Is(base) {
					t.defs = append(t.defs, def)
				}
			}
		}
	}
	p.set.Store(&paramSet{types: p.official})
	return p
}

// of returns the parameters of a resource type, compiled.
func (p *Params) of(resource string) *typeParams {
	t := p.set.Load().types[resource]
	if t == nil {
		return &typeParams{}
	}
	return p.compiled(resource, t)
}

func (p *Params) compiled(resource string, t *typeParams) *typeParams {
	t.once.Do(func() { p.compile(resource, t) })
	return t
}

// Spec is the specification that the parameters are of.
func (p *Params) Spec() *r4.Spec { return p.spec }

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

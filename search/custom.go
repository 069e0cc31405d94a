package search

import (
	"fmt"
	"slices"
	"sync/atomic"

	"andiron.dev/fhir/r4"
)

// Custom is a search parameter that a SearchParameter resource of the store defines.
type Custom struct {
	ID  string // of the resource
	Def *r4.SearchParam
	// Complete says that the index has its values for all resources. Until then every write indexes them, but nobody can
	// search by it.
	Complete bool

	percent *atomic.Int32 // how much of the index is complete
}

// MaxCustom is how many custom search parameters can be in force: every write pays for those of its type.
const MaxCustom = 500

// paramSet is what is in force at a time. It is replaced as a whole, so that readers need no lock.
type paramSet struct {
	generation int64
	types      map[string]*typeParams
	custom     []*Custom
}

// SetCustom puts custom parameters in force instead of those before; generation names the set. It is for whoever keeps the
// definitions, the store that the Params were given to: a store notes the generation beside its index, and so notices what was
// computed with another set before it is written.
func (p *Params) SetCustom(generation int64, custom []Custom) {
	next := &paramSet{generation: generation, types: make(map[string]*typeParams, len(p.official))}
	for i := range custom {
		c := custom[i]
		c.percent = &atomic.Int32{}
		next.custom = append(next.custom, &c)
	}
	for name, t := range p.official {
		next.types[name] = t.with(slices.DeleteFunc(slices.Clone(next.custom), func(c *Custom) bool { return !p.defines(c.Def, name) }))
	}
	p.set.Store(next)
}

// defines reports whether a definition is for a resource type.
func (p *Params) defines(def *r4.SearchParam, resource string) bool {
	return slices.ContainsFunc(def.Base, p.spec.Type(resource).Is)
}

// Types lists the resource types that a definition is for.
func (p *Params) Types(def *r4.SearchParam) []string {
	return slices.DeleteFunc(slices.Clone(p.spec.Resources()), func(name string) bool { return !p.defines(def, name) })
}

// with adds custom parameters to the official ones.
func (t *typeParams) with(custom []*Custom) *typeParams {
	if len(custom) == 0 {
		return t
	}
	all := &typeParams{defs: slices.Clip(t.defs), custom: len(t.defs), pending: make(map[string]*Custom)}
	for _, c := range custom {
		all.defs = append(all.defs, c.Def)
		if !c.Complete {
			all.pending[c.Def.Code] = c
		}
	}
	return all
}

// withhold takes what cannot be searched by yet out of the compiled parameters. Its terms stay, so that writes index them.
func (t *typeParams) withhold() {
	for code := range t.pending {
		delete(t.params, code)
	}
}

// Generation names the set of custom parameters in force; 0 = there has been none.
func (p *Params) Generation() int64 { return p.set.Load().generation }

// Custom lists the custom parameters in force in the order in which they were set.
func (p *Params) Custom() []Custom {
	set := p.set.Load()
	list := make([]Custom, len(set.custom))
	for i, c := range set.custom {
		list[i] = *c
	}
	return list
}

// SetProgress notes how much of the index of a custom parameter is complete, for those who ask why it is not served yet.
func (p *Params) SetProgress(url string, percent int) {
	for _, c := range p.set.Load().custom {
		if c.Def.URL == url {
			c.percent.Store(int32(min(max(percent, 0), 100)))
		}
	}
}

// pending says why a parameter cannot be searched by yet; "" where that is not the reason.
func (p *Params) pending(resource, code string) string {
	if t := p.set.Load().types[resource]; t != nil && t.pending[code] != nil {
		return fmt.Sprintf("the parameter '%s' of %s is being indexed (%d %%) and cannot be searched by yet", code, resource, t.pending[code].percent.Load())
	}
	return ""
}

// Definition returns the definition with a URL, official or custom, whether it is served or not; nil where there is none.
func (p *Params) Definition(url string) *r4.SearchParam {
	for _, c := range p.set.Load().custom {
		if c.Def.URL == url {
			return c.Def
		}
	}
	return p.definition(url)
}

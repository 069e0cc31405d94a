package terminology

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"andiron.dev/fhir"
)

// Coding is a code and the code system that defines it.
type Coding struct {
	System string // "" = none
	Code   string
}

func (c Coding) compare(other Coding) int {
	return cmp.Or(cmp.Compare(c.System, other.System), cmp.Compare(c.Code, other.Code))
}

// Codes is a set of codes.
type Codes struct {
	list  []Coding // in the order of definition
	known map[Coding]bool
	// whole are code systems of which every code belongs to the set, but which are not here, so that nobody can list them.
	whole []string
	// partial says that the set was made from the fragment of a code system: codes may be missing.
	partial bool
}

// newCodes makes an empty set that is going to have about so many codes. Once it has been handed out it is not changed any
// more.
func newCodes(size int) *Codes {
	return &Codes{list: make([]Coding, 0, min(size, maxListed)), known: make(map[Coding]bool, min(size, maxListed))}
}

// Len is how many codes are listed.
func (c *Codes) Len() int { return len(c.list) }

// All yields the codes that are listed, in the order of definition.
func (c *Codes) All() iter.Seq[Coding] { return slices.Values(c.list) }

// Whole are the code systems of which every code belongs to the set, though they are not here and so are not listed.
func (c *Codes) Whole() []string { return c.whole }

// Partial says that the set was made from the fragment of a code system, so that codes may be missing.
func (c *Codes) Partial() bool { return c.partial }

// Has reports whether a code belongs to the set. Of systems that are not here it believes every code.
func (c *Codes) Has(coding Coding) bool {
	return c.known[coding] || coding.System != "" && slices.Contains(c.whole, coding.System)
}

func (c *Codes) add(coding Coding) error {
	if c.known[coding] {
		return nil
	}
	if len(c.list) >= maxListed {
		return fhir.Errorf(fhir.TooCostly, "the value set draws on more than %d codes", maxListed)
	}
	c.known[coding] = true
	c.list = append(c.list, coding)
	return nil
}

func (c *Codes) addWhole(system string) {
	if !slices.Contains(c.whole, system) {
		c.whole = append(c.whole, system)
	}
}

// union gathers sets.
type union struct {
	*Codes
	own bool // the set is not one of those that were gathered
}

// join adds the codes of a set. The first is taken as it is.
func (e *Evaluator) join(ctx context.Context, u *union, other *Codes) error {
	if u.Codes == nil {
		u.Codes = other
		return nil
	}
	if err := e.spend(ctx, len(other.list)+len(other.whole)); err != nil {
		return err
	}
	if !u.own {
		if err := e.spend(ctx, len(u.list)); err != nil {
			return err
		}
		u.Codes, u.own = &Codes{list: slices.Clone(u.list), known: maps.Clone(u.known), whole: slices.Clone(u.whole), partial: u.partial}, true
	}
	for _, coding := range other.list {
		if err := u.add(coding); err != nil {
			return err
		}
	}
	for _, system := range other.whole {
		u.addWhole(system)
	}
	u.partial = u.partial || other.partial
	return nil
}

// all is what was gathered.
func (u *union) all() *Codes {
	if u.Codes == nil {
		return newCodes(0)
	}
	return u.Codes
}

// both gives the codes that are in two sets.
func (e *Evaluator) both(ctx context.Context, a, b *Codes) (*Codes, error) {
	if err := e.spend(ctx, len(a.list)+len(b.list)); err != nil {
		return nil, err
	}
	out := newCodes(min(len(a.list), len(b.list)))
	out.partial = a.partial || b.partial
	for _, coding := range a.list {
		if b.Has(coding) {
			if err := out.add(coding); err != nil {
				return nil, err
			}
		}
	}
	for _, coding := range b.list {
		if a.Has(coding) {
			if err := out.add(coding); err != nil {
				return nil, err
			}
		}
	}
	for _, system := range a.whole {
		if slices.Contains(b.whole, system) {
			out.addWhole(system)
		}
	}
	return out, nil
}

// without gives the codes of a set that are not in another.
func (e *Evaluator) without(ctx context.Context, c, other *Codes) (*Codes, error) {
	if err := e.spend(ctx, len(c.list)+len(other.list)); err != nil {
		return nil, err
	}
	out := newCodes(len(c.list))
	out.partial = c.partial || other.partial
	for _, coding := range c.list {
		if !other.Has(coding) {
			if err := out.add(coding); err != nil {
				return nil, err
			}
		}
	}
	for _, system := range c.whole {
		if slices.Contains(other.whole, system) {
			continue
		}
		if slices.ContainsFunc(other.list, func(coding Coding) bool { return coding.System == system }) {
			return nil, fhir.Errorf(fhir.NotSupported, "the value set has all codes but some of the code system '%s', which is not here to be listed", shown(system))
		}
		out.addWhole(system)
	}
	return out, nil
}

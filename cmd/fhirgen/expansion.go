package main

import (
	"fmt"
	"strings"
)

// An expansion is the codes of a value set with the system that each comes from, in the order of definition.
type expansion struct {
	codes     []string
	system    map[string]string
	unlimited bool   // codes that no list can hold, or that R4 does not list
	only      string // the system of an unlimited set, where there is but one
}

func (x *expansion) add(system, code string) {
	if _, twice := x.system[code]; !twice {
		x.codes = append(x.codes, code)
		x.system[code] = system
	}
}

// A terminology expands value sets by R4's rules (http://hl7.org/fhir/R4/valueset.html#compositions), as far as value
// sets of required bindings go: it refuses filters, which none of them uses.
type terminology struct {
	sets    map[string]valueSet
	systems map[string]codeSystem
}

func newTerminology(d definitions) (*terminology, error) {
	sets, err := decodeAll[valueSet](d, "ValueSet")
	if err != nil {
		return nil, err
	}
	systems, err := decodeAll[codeSystem](d, "CodeSystem")
	if err != nil {
		return nil, err
	}
	t := &terminology{map[string]valueSet{}, map[string]codeSystem{}}
	for _, set := range sets {
		t.sets[set.URL] = set
	}
	for _, system := range systems {
		t.systems[system.URL] = system
	}
	return t, nil
}

// expand expands the value set that open names last; open are the sets that are being expanded, to catch a circle.
func (t *terminology) expand(open ...string) (*expansion, error) {
	url := open[len(open)-1]
	for _, outer := range open[:len(open)-1] {
		if outer == url {
			return nil, fmt.Errorf("value set includes itself: %s", strings.Join(open, " > "))
		}
	}
	set, ok := t.sets[url]
	if !ok {
		return &expansion{unlimited: true}, nil
	}
	x := &expansion{system: map[string]string{}}
	for _, include := range set.Compose.Include {
		part, err := t.part(open, include)
		if err != nil {
			return nil, err
		}
		if part.unlimited {
			if x.unlimited = true; len(set.Compose.Include) == 1 {
				x.only = part.only
			}
			continue
		}
		for _, code := range part.codes {
			x.add(part.system[code], code)
		}
	}
	for _, exclude := range set.Compose.Exclude {
		part, err := t.part(open, exclude)
		if err != nil {
			return nil, err
		}
		if part.unlimited {
			return nil, fmt.Errorf("%s excludes what cannot be listed", url)
		}
		x.remove(part)
	}
	return x, nil
}

// remove takes out what a part excludes.
func (x *expansion) remove(part *expansion) {
	kept := x.codes[:0]
	for _, code := range x.codes {
		if system, out := part.system[code]; out && system == x.system[code] {
			delete(x.system, code)
		} else {
			kept = append(kept, code)
		}
	}
	x.codes = kept
}

// part expands an include or exclude: its codes are in the system's part and in every value set it names.
func (t *terminology) part(open []string, c conceptSet) (*expansion, error) {
	if c.Filter != nil {
		return nil, fmt.Errorf("%s filters %s: filters are not supported", open[len(open)-1], c.System)
	}
	var all *expansion
	if c.System != "" {
		all = t.ofSystem(c)
	}
	for _, nested := range c.ValueSet {
		x, err := t.expand(append(open[:len(open):len(open)], unversioned(nested))...)
		if err != nil {
			return nil, err
		}
		if all != nil {
			x = all.and(x)
		}
		all = x
	}
	if all == nil {
		return nil, fmt.Errorf("%s has an empty include", open[len(open)-1])
	}
	return all, nil
}

// and gives the codes that are in both; of a set that cannot be listed nothing can be said but that.
func (x *expansion) and(y *expansion) *expansion {
	if x.unlimited || y.unlimited {
		return &expansion{unlimited: true, only: x.only}
	}
	both := &expansion{system: map[string]string{}}
	for _, code := range x.codes {
		if system, ok := y.system[code]; ok && system == x.system[code] {
			both.add(system, code)
		}
	}
	return both
}

// ofSystem lists the concepts that are named, or the whole code system where its content is complete.
func (t *terminology) ofSystem(c conceptSet) *expansion {
	concepts := c.Concept
	if concepts == nil {
		system, ok := t.systems[c.System]
		if !ok || system.Content != "complete" {
			return &expansion{unlimited: true, only: c.System}
		}
		concepts = system.Concept
	}
	x := &expansion{system: map[string]string{}}
	var walk func([]codeSystemConcept)
	walk = func(concepts []codeSystemConcept) {
		for _, concept := range concepts {
			x.add(c.System, concept.Code)
			walk(concept.Concept)
		}
	}
	walk(concepts)
	return x
}

package event

import (
	"maps"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// index finds, among the criteria about one resource type, those that a resource matches. Most criteria ask for a code or a reference to be
// equal to something: they are looked up by it, so that ten thousand of them cost what a few do.
type index struct {
	params *search.Params
	groups map[string]*group
	byKey  map[string][]*group
	rest   []*group // to be tried one by one
	probes map[string]*probe
}

// group is a criterion with all subscriptions that have it.
type group struct {
	*criterion
	code string // of the parameter that it is looked up by; "" = it is among the rest
	keys []string
	subs map[*subscription]struct{}
}

// probe reads the values of one parameter.
type probe struct {
	matcher *search.Matcher
	groups  int
}

func newIndex(params *search.Params) *index {
	return &index{params: params, groups: make(map[string]*group), byKey: make(map[string][]*group), probes: make(map[string]*probe)}
}

func (x *index) add(c *criterion, s *subscription) {
	g := x.groups[c.text]
	if g == nil {
		g = &group{criterion: c, subs: make(map[*subscription]struct{})}
		x.groups[c.text] = g
		if by := x.choose(c.lookups()); by == nil {
			x.rest = append(x.rest, g)
		} else {
			g.code, g.keys = by.code, by.keys
			if x.probes[g.code] == nil {
				x.probes[g.code] = &probe{matcher: x.params.Matcher(c.typ, search.And{by.expr})}
			}
			x.probes[g.code].groups++
			for _, key := range g.keys {
				x.byKey[key] = append(x.byKey[key], g)
			}
		}
	}
	g.subs[s] = struct{}{}
}

// choose takes the way that fewest criteria are found by so far: where thousands ask for the same code, each for another patient, they are found
// by the patient. nil = there is none.
func (x *index) choose(ways []lookup) (best *lookup) {
	least := 0
	for i := range ways {
		n := 0
		for _, key := range ways[i].keys {
			n += len(x.byKey[key])
		}
		if best == nil || n < least {
			best, least = &ways[i], n
		}
	}
	return best
}

func (x *index) remove(c *criterion, s *subscription) {
	g := x.groups[c.text]
	if g == nil {
		return
	}
	delete(g.subs, s)
	if len(g.subs) > 0 {
		return
	}
	delete(x.groups, c.text)
	is := func(other *group) bool { return other == g }
	if g.code == "" {
		x.rest = slices.DeleteFunc(x.rest, is)
		return
	}
	for _, key := range g.keys {
		if x.byKey[key] = slices.DeleteFunc(x.byKey[key], is); len(x.byKey[key]) == 0 {
			delete(x.byKey, key)
		}
	}
	if p := x.probes[g.code]; p.groups > 1 {
		p.groups--
	} else {
		delete(x.probes, g.code)
	}
}

// match adds the subscriptions whose criterion a resource matches.
func (x *index) match(r *fhir.Resource, found map[*subscription]struct{}) {
	var tried map[*group]struct{}
	try := func(g *group) {
		if g.holds(r) {
			maps.Copy(found, g.subs)
		}
	}
	lookUp := func(key string) {
		for _, g := range x.byKey[key] {
			if len(g.keys) > 1 {
				if _, again := tried[g]; again {
					continue
				}
				if tried == nil {
					tried = make(map[*group]struct{})
				}
				tried[g] = struct{}{}
			}
			try(g)
		}
	}
	for code, p := range x.probes {
		v := p.matcher.Values(r)
		for i := range v.Tokens {
			lookUp(code + "\x00" + v.Tokens[i].Code)
		}
		for i := range v.References {
			lookUp(code + "\x00" + v.References[i].ID)
		}
	}
	for _, g := range x.rest {
		try(g)
	}
}

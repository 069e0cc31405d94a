package interaction

import (
	"context"
	"fmt"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// What the inclusions of a page cost is bounded, and the answer says so when a bound was hit.
const (
	// DefaultMaxIncluded is how many resources one page includes beside its matches, unless Interactions.MaxIncluded says otherwise.
	DefaultMaxIncluded = 1000
	// maxRounds is how often :iterate looks at what has been included.
	maxRounds = 8
	// lookUps is how many references are looked up for each resource that may be included: references may lead nowhere.
	lookUps = 10
	// chunk is how many references are looked up at once.
	chunk = 500
)

// inclusion gathers what _include and _revinclude add to a page (http://hl7.org/fhir/R4/search.html#include).
type inclusion struct {
	x      *Interactions
	tx     fhir.Tx
	base   string
	most   int             // resources that may be included
	size   int             // bytes of those that are
	asked  map[string]bool // references that have been looked up, whatever came of it
	shown  map[string]bool // versions on the page: "Patient/1/_history/2"
	wanted []search.Referenced
	looked int // references looked up, and referrers looked at in vain

	entries []fhir.Entry
	added   []*fhir.Resource // in this round
	closed  bool             // the rounds are over: is there anything left?

	full, deep, wide bool // a bound was hit: most, maxRounds, lookUps
	costly           bool // the store has refused a search because of what it would cost
}

// include returns the entries that a page has beside its matches, and warnings about what was left out. Only matches are looked
// at, and by rules with :iterate also what has been included, again and again.
func (x *Interactions) include(ctx context.Context, tx fhir.Tx, base string, q *search.Query, matches []*fhir.Resource) ([]fhir.Entry, []fhir.Issue, error) {
	if len(q.Include)+len(q.RevInclude) == 0 || len(matches) == 0 {
		return nil, nil, nil
	}
	in := &inclusion{x: x, tx: tx, base: base, most: x.MaxIncluded, asked: make(map[string]bool), shown: make(map[string]bool)}
	if in.most <= 0 {
		in.most = DefaultMaxIncluded
	}
	for _, r := range matches {
		in.asked[r.Reference()] = true
		in.shown[versioned(r)] = true
	}
	forward, backward := q.Include, q.RevInclude
	for round := 0; len(matches) > 0 && len(forward)+len(backward) > 0 && !in.over(); round++ {
		in.added, in.closed = nil, round == maxRounds
		err := in.forward(ctx, forward, matches)
		if err == nil {
			err = in.backward(ctx, backward, matches)
		}
		if in.costly = fhir.CodeOf(err) == fhir.TooCostly; err != nil && !in.costly {
			return nil, nil, err
		}
		matches = in.added
		if round == 0 {
			forward, backward = iterating(forward), iterating(backward)
		}
	}
	return in.entries, in.warnings(), nil
}

func iterating(rules []search.Include) []search.Include {
	var list []search.Include
	for _, rule := range rules {
		if rule.Iterate {
			list = append(list, rule)
		}
	}
	return list
}

func versioned(r *fhir.Resource) string { return r.Reference() + "/_history/" + r.VersionID() }

// over says that nothing more is to be included.
func (in *inclusion) over() bool { return in.full || in.deep || in.wide || in.costly }

func (in *inclusion) add(r *fhir.Resource) {
	if in.over() || in.shown[versioned(r)] {
		return
	}
	switch {
	case in.closed:
		in.deep = true
	case len(in.entries) == in.most, in.size > search.PageBytes:
		in.full = true
	default:
		in.size += len(r.Body())
		in.shown[versioned(r)] = true
		in.entries = append(in.entries, fhir.Entry{Resource: r, Mode: fhir.ModeInclude})
		in.added = append(in.added, r)
	}
}

// warnings say which bounds were hit.
func (in *inclusion) warnings() (list []fhir.Issue) {
	warn := func(hit bool, text string) {
		if hit {
			list = append(list, fhir.Issue{Severity: fhir.Warning, Code: fhir.TooCostly, Text: text})
		}
	}
	warn(in.full, fmt.Sprintf("more than %d resources or %d MiB would be included with this page; the rest was left out: ask for smaller pages with _count", in.most, search.PageBytes>>20))
	warn(in.deep, fmt.Sprintf("what is included leads to more than is reached in %d rounds of :iterate; the rest was left out", maxRounds))
	warn(in.wide, fmt.Sprintf("this page refers to more than %d resources, too many to look for; the rest was left out: ask for smaller pages with _count", lookUps*in.most))
	warn(in.costly, "what is included would cost too much to find; the rest was left out: ask for smaller pages with _count")
	return list
}

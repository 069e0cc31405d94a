package search

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// Query is a parsed search. It implements fhir.Query.
type Query struct {
	Type       string // resource type; "" = a search across types
	Where      And
	Parts      []Part // of a search across types, instead of Where: what is asked of each, in the order of their names
	Sort       []Sort
	Count      int // matches a page; 0 = none, only the total is asked for
	Total      Total
	Include    []Include
	RevInclude []Include
	Summary    Summary  // what to leave out of the resources found
	Elements   []string // or what to keep of them: "name", or "Patient.name" for one type; nil = all
	After      string   // where the page begins: a position that the engine gave; "" = at the beginning

	honoured fhir.Params
	types    []string     // that _type names
	within   *Compartment // that the search is within
}

// Honoured are the parameters that made the query, as written: what the self link of the answer says
// (http://hl7.org/fhir/R4/search.html#conformance).
func (q *Query) Honoured() fhir.Params { return q.honoured }

// Total is the value of _total.
type Total string

// The totals.
const (
	TotalNone     Total = "none"
	TotalEstimate Total = "estimate"
	TotalAccurate Total = "accurate"
)

// Sort is one rule of _sort.
type Sort struct {
	Param      *Param
	Descending bool
}

// Include is a value of _include or _revinclude: "Source:code:Target".
type Include struct {
	Source  string // resource type that holds the reference; "" = any, of the Code "*"
	Code    string // search parameter; "*" = all
	Target  string // only targets of this type; "" = all
	Iterate bool
}

func (i Include) String() string {
	if i.Source == "" {
		return i.Code
	}
	s := i.Source + ":" + i.Code
	if i.Target != "" {
		s += ":" + i.Target
	}
	return s
}

// ResourceType is the type searched; "" for a search across types.
func (q *Query) ResourceType() string { return q.Type }

// String gives the query as it stands in a URL, without what it leaves at the default. Parsing it gives the query again.
func (q *Query) String() string {
	var parts []string
	if len(q.types) > 0 {
		parts = append(parts, "_type="+strings.Join(q.types, ","))
	}
	if where := q.written(); len(where) > 0 {
		parts = append(parts, And(where).String())
	}
	if len(q.Sort) > 0 {
		rules := make([]string, len(q.Sort))
		for i, s := range q.Sort {
			if s.Descending {
				rules[i] = "-"
			}
			rules[i] += s.Param.Code
		}
		parts = append(parts, "_sort="+strings.Join(rules, ","))
	}
	for _, list := range []struct {
		name     string
		includes []Include
	}{{"_include", q.Include}, {"_revinclude", q.RevInclude}} {
		for _, include := range list.includes {
			name := list.name
			if include.Iterate {
				name += ":iterate"
			}
			parts = append(parts, name+"="+include.String())
		}
	}
	if q.Summary != "" {
		parts = append(parts, "_summary="+string(q.Summary))
	}
	if len(q.Elements) > 0 {
		parts = append(parts, "_elements="+strings.Join(q.Elements, ","))
	}
	if q.Total != TotalNone {
		parts = append(parts, "_total="+string(q.Total))
	}
	parts = append(parts, "_count="+strconv.Itoa(q.Count))
	return q.path() + "?" + strings.Join(parts, "&")
}

// Normal gives the criteria in an order of their own: queries that ask for the same have the same Normal, however they
// were written.
func (q *Query) Normal() string {
	parts := make([]string, len(q.Where))
	for i, e := range q.Where {
		parts[i] = e.String()
	}
	slices.Sort(parts)
	return q.Type + "?" + strings.Join(slices.Compact(parts), "&")
}

// Options say how to read a query.
type Options struct {
	Strict bool             // what is not understood is an error instead of a warning
	Base   string           // the server's own base URL: absolute references below it are local ones
	Zone   *time.Location   // of dates without a time zone; nil = UTC
	Now    func() time.Time // nil = time.Now
	Count  int              // matches a page where the query does not say; 0 = DefaultCount
	Within *Compartment     // that the search is within; nil = none
}

// DefaultCount and MaxCount bound the matches of a page.
const (
	DefaultCount = 20
	MaxCount     = 1000
)

// PageBytes bounds what the resources of a page weigh: the match that exceeds it is the last on its page, and so is the last
// inclusion. A thousand of the largest resources would not fit in memory.
const PageBytes = 32 << 20

func (o *Options) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

func (o *Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

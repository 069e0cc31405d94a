package search

import (
	"slices"

	"andiron.dev/fhir"
)

// Match evaluates a query in memory: it reports whether the resource, whose index values are given, is what e asks for.
// It is what every engine's answers are compared with.
func Match(e Expr, r *fhir.Resource, v *Values) bool {
	switch e := e.(type) {
	case And:
		for _, part := range e {
			if !Match(part, r, v) {
				return false
			}
		}
		return true
	case *IDs:
		return slices.Contains(e.Any, r.ID())
	case *Missing:
		return v.missing(e.Param) == e.Want
	case *Token:
		return e.match(v)
	case *String:
		return e.match(v)
	case *Date:
		if e.Param.Special == LastUpdated {
			return e.matchInstant(r)
		}
		return e.match(v)
	case *Reference:
		return e.match(v)
	case *URI:
		return e.match(v)
	}
	return false
}

// matchInstant compares _lastUpdated.
func (d *Date) matchInstant(r *fhir.Resource) bool {
	low := r.LastUpdated()
	return slices.ContainsFunc(d.Any, func(t DateTest) bool {
		return t.Matches(DateValue{Low: low, High: low.Add(1)})
	})
}

// missing reports whether a resource has no value for a parameter.
func (v *Values) missing(p *Param) bool {
	if p.Special != NotSpecial {
		return false
	}
	return !slices.ContainsFunc(v.Tokens, func(t TokenValue) bool { return p.has(t.Slot) }) &&
		!slices.ContainsFunc(v.Strings, func(s StringValue) bool { return p.has(s.Slot) }) &&
		!slices.ContainsFunc(v.Dates, func(d DateValue) bool { return p.has(d.Slot) }) &&
		!slices.ContainsFunc(v.References, func(r ReferenceValue) bool { return p.leadsTo(&r) }) &&
		!slices.ContainsFunc(v.URIs, func(u URIValue) bool { return p.has(u.Slot) })
}

// Difference says what has to be added to and removed from an index that holds the values before, so that it holds
// those after.
func Difference(after, before *Values) (add, remove *Values) {
	add, remove = &Values{}, &Values{}
	add.Tokens, remove.Tokens = difference(after.Tokens, before.Tokens)
	add.Strings, remove.Strings = difference(after.Strings, before.Strings)
	add.Dates, remove.Dates = difference(after.Dates, before.Dates)
	add.References, remove.References = difference(after.References, before.References)
	add.URIs, remove.URIs = difference(after.URIs, before.URIs)
	return add, remove
}

// difference compares pairwise where that is faster than a set: nearly all resources have few values of a kind.
func difference[T comparable](after, before []T) (add, remove []T) {
	if len(after) > 32 || len(before) > 32 {
		return without(after, set(before)), without(before, set(after))
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			add = append(add, v)
		}
	}
	for _, v := range before {
		if !slices.Contains(after, v) {
			remove = append(remove, v)
		}
	}
	return add, remove
}

func set[T comparable](values []T) map[T]bool {
	s := make(map[T]bool, len(values))
	for _, v := range values {
		s[v] = true
	}
	return s
}

func without[T comparable](values []T, drop map[T]bool) (rest []T) {
	for _, v := range values {
		if !drop[v] {
			rest = append(rest, v)
		}
	}
	return rest
}

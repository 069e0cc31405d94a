package search

import (
	"slices"

	"andiron.dev/fhir"
)

// Match evaluates a query in memory: it reports whether the resource, whose index values are given, is what e asks for.
// corpus has the other resources that e may ask about; nil = there are none. It is what every engine's answers are compared
// with.
func Match(e Expr, r *fhir.Resource, v *Values, corpus Corpus) bool {
	switch e := e.(type) {
	case And:
		for _, part := range e {
			if !Match(part, r, v, corpus) {
				return false
			}
		}
		return true
	case Or:
		return slices.ContainsFunc(e, func(part Expr) bool { return Match(part, r, v, corpus) })
	case *Not:
		return !Match(e.Expr, r, v, corpus)
	case *Chain:
		return e.match(v, corpus)
	case *Hierarchy:
		return e.match(v, corpus)
	case *Member:
		return Match(e.Where, r, v, corpus)
	case *Has:
		return e.match(r, corpus)
	case *IDs:
		return slices.Contains(e.Any, r.ID())
	case *Missing:
		return v.missing(e.Param) == e.Want
	case *Filter:
		return Match(e.Where, r, v, corpus)
	case *Named:
		return Match(e.Where, r, v, corpus)
	case *InList:
		return e.match(r, corpus)
	case *FullText:
		return e.Matches(r)
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
	case *Number:
		return e.match(v)
	case *Quantity:
		return e.match(v)
	case *TokenText:
		return e.match(v)
	case *Composite:
		return e.match(v)
	case *Near:
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
		!slices.ContainsFunc(v.URIs, func(u URIValue) bool { return p.has(u.Slot) }) &&
		!slices.ContainsFunc(v.Numbers, func(n NumberValue) bool { return p.has(n.Slot) }) &&
		!slices.ContainsFunc(v.Quantities, func(q QuantityValue) bool { return p.has(q.Slot) }) &&
		!slices.ContainsFunc(v.Positions, func(o PositionValue) bool { return p.has(o.Slot) }) &&
		!slices.ContainsFunc(v.Composites, func(c CompositeValue) bool { return p.has(c.Slot) })
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
	add.Numbers, remove.Numbers = difference(after.Numbers, before.Numbers)
	add.Quantities, remove.Quantities = difference(after.Quantities, before.Quantities)
	add.TokenTexts, remove.TokenTexts = difference(after.TokenTexts, before.TokenTexts)
	add.Composites, remove.Composites = difference(after.Composites, before.Composites)
	add.Positions, remove.Positions = difference(after.Positions, before.Positions)
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

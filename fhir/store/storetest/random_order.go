package storetest

import (
	"cmp"
	"fmt"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// misordered says why a must not come before b; "" = it may.
func (d *duel) misordered(q *search.Query, a, b *fhir.Resource) string {
	for _, rule := range q.Sort {
		x, hasX := d.sortKey(rule, a)
		y, hasY := d.sortKey(rule, b)
		switch {
		case !hasX && !hasY:
			continue
		case hasX != hasY:
			if hasX {
				return ""
			}
			return "it has no " + rule.Param.Code
		}
		order := cmp.Compare(x, y)
		if rule.Descending {
			order = -order
		}
		switch {
		case order < 0, order == 0 && rule.Param.Special == search.LastUpdated: // the commit order may decide
			return ""
		case order > 0:
			return fmt.Sprintf("by %s, %q and %q", rule.Param.Code, x, y)
		}
	}
	return ""
}

// sortKey is the least value of a resource, or the greatest, as a text that sorts like it.
func (d *duel) sortKey(rule search.Sort, r *fhir.Resource) (key string, ok bool) {
	add := func(text string) {
		if !ok || rule.Descending && text > key || !rule.Descending && text < key {
			key, ok = text, true
		}
	}
	p := d.suite.params.Param(r.Type(), rule.Param.Code)
	switch p.Special {
	case search.ID:
		return r.ID(), true
	case search.LastUpdated:
		return sortable(r.LastUpdated()), true
	}
	v := d.matcher.Values(r.Reference())
	switch p.Type {
	case r4.TokenParam:
		for _, t := range of(v.Tokens, func(t *search.TokenValue) *search.Slot { return t.Slot }, p) {
			add(t.Code)
		}
	case r4.StringParam:
		for _, s := range of(v.Strings, func(s *search.StringValue) *search.Slot { return s.Slot }, p) {
			add(s.Folded)
		}
	case r4.DateParam:
		for _, t := range of(v.Dates, func(t *search.DateValue) *search.Slot { return t.Slot }, p) {
			add(sortable(t.Low))
		}
	case r4.ReferenceParam:
		for _, t := range v.References {
			for _, s := range p.Sources {
				if s.Slot == t.Slot && (s.Target == "" || s.Target == t.Type) {
					add(t.ID)
				}
			}
		}
	case r4.NumberParam, r4.QuantityParam:
		for _, bound := range measuredKeys(v, p) {
			add(bound)
		}
	case r4.URIParam:
		for _, u := range of(v.URIs, func(u *search.URIValue) *search.Slot { return u.Slot }, p) {
			add(u.URI)
		}
	}
	return key, ok
}

// sortable writes an instant so that texts sort like time; an open beginning comes first.
func sortable(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%020d.%09d", t.Unix()+100_000_000_000, t.Nanosecond())
}

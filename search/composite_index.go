package search

import (
	"context"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// maxCombinations bounds what the codings of one element can multiply to, and maxComposites what a resource keeps in a slot.
// Combinations beyond are not found.
const (
	maxCombinations = 1_000
	maxComposites   = 10_000
)

// addComposites adds the combinations of the parts in each element of the base.
func (p *Params) addComposites(v *Values, c *compositeTerm, ev *path.Evaluator, focus path.Value) {
	// An expression that fails on this resource (a limit is reached) finds nothing: the resource is stored all the same.
	bases, err := ev.Eval(context.Background(), c.base, focus, nil)
	if err != nil {
		return
	}
	counts := make([]int, len(c.slots))
	values := make([][]any, len(c.parts))
	known := make([]bool, len(c.parts))
	var found []path.Value
	for _, base := range bases {
		clear(known)
		part := func(i int) []any {
			if !known[i] {
				known[i] = true
				values[i], found = p.partValues(values[i][:0], &c.parts[i].term, ev, base, found)
			}
			return values[i]
		}
		for i := range c.slots {
			counts[i] = v.combine(&c.slots[i], part, counts[i])
		}
	}
}

// partValues appends what a part has in one element.
func (p *Params) partValues(list []any, t *term, ev *path.Evaluator, base path.Value, found []path.Value) ([]any, []path.Value) {
	found, err := ev.Eval(context.Background(), t.expr, base, found[:0])
	if err != nil || len(found) == 0 {
		return list, found
	}
	var v Values
	for _, value := range found {
		if t.slot.Kind == r4.TokenParam {
			v.addToken(t, value)
		} else {
			p.add(&v, t, value)
		}
	}
	list = appendParts(list, v.Tokens, func(x *TokenValue) { x.Slot = nil })
	list = appendParts(list, v.Strings, func(x *StringValue) { x.Slot = nil })
	list = appendParts(list, v.Dates, func(x *DateValue) { x.Slot = nil })
	list = appendParts(list, v.Numbers, func(x *NumberValue) { x.Slot = nil })
	list = appendParts(list, v.Quantities, func(x *QuantityValue) { x.Slot = nil })
	list = appendParts(list, v.References, func(x *ReferenceValue) { x.Slot = nil })
	list = appendParts(list, v.URIs, func(x *URIValue) { x.Slot = nil })
	return list, found
}

// appendParts appends values as parts, which have no slot of their own.
func appendParts[V any](list []any, values []V, unslot func(*V)) []any {
	for _, x := range values {
		unslot(&x)
		list = append(list, x)
	}
	return list
}

// combine adds every combination of the parts' values, unless a part has none. count is how many the slot has already.
func (v *Values) combine(c *compositeSlot, part func(int) []any, count int) int {
	combinations := []CompositeValue{{Slot: c.slot}}
	for i, index := range c.parts {
		values := part(index)
		if len(values) == 0 {
			return count
		}
		next := make([]CompositeValue, 0, min(len(combinations)*len(values), maxCombinations))
		for _, combination := range combinations {
			for _, value := range values {
				if len(next) == maxCombinations {
					break
				}
				combination.Parts[i] = value
				next = append(next, combination)
			}
		}
		combinations = next
	}
	combinations = combinations[:min(len(combinations), maxComposites-count)]
	v.Composites = append(v.Composites, combinations...)
	return count + len(combinations)
}

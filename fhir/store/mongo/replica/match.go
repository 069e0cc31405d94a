package replica

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func get(d bson.D, name string) any {
	for i := range d {
		if d[i].Key == name {
			return d[i].Value
		}
	}
	return nil
}

func has(d bson.D, name string) bool {
	return slices.ContainsFunc(d, func(e bson.E) bool { return e.Key == name })
}

// lookUp gives the values at a path; arrays on the way are entered.
func lookUp(v any, path string, found []any) []any {
	if path == "" {
		return append(found, v)
	}
	name, rest, _ := strings.Cut(path, ".")
	switch v := v.(type) {
	case bson.D:
		for i := range v {
			if v[i].Key == name {
				return lookUp(v[i].Value, rest, found)
			}
		}
	case bson.A:
		for _, item := range v {
			if d, ok := item.(bson.D); ok {
				found = lookUp(d, path, found)
			}
		}
	}
	return found
}

// inSet are the values of "$in" by their keys.
type inSet map[string]bool

// prepared is a filter whose lists have become sets, and whose patterns are compiled: it is tried on many documents.
func prepared(v any) any {
	switch v := v.(type) {
	case bson.D:
		out := make(bson.D, len(v))
		for i, e := range v {
			list, ok := e.Value.(bson.A)
			if out[i] = (bson.E{Key: e.Key, Value: prepared(e.Value)}); ok && e.Key == "$in" {
				set := make(inSet, len(list))
				for _, item := range list {
					set[key(item)] = true
				}
				out[i].Value = set
			}
			if r, ok := e.Value.(bson.Regex); ok {
				out[i].Value = regexp.MustCompile("(?" + r.Options + ")" + r.Pattern)
			}
		}
		return out
	case bson.A:
		out := make(bson.A, len(v))
		for i := range v {
			out[i] = prepared(v[i])
		}
		return out
	}
	return v
}

func isOperators(v any) (bson.D, bool) {
	d, ok := v.(bson.D)
	return d, ok && len(d) > 0 && strings.HasPrefix(d[0].Key, "$")
}

// match reports whether a document passes a filter.
func match(d bson.D, filter bson.D) bool {
	for _, e := range filter {
		if !matchOne(d, e) {
			return false
		}
	}
	return true
}

func matchOne(d bson.D, e bson.E) bool {
	each := func(v any) bool { return match(d, v.(bson.D)) }
	switch e.Key {
	case "$and":
		return !slices.ContainsFunc(e.Value.(bson.A), func(v any) bool { return !each(v) })
	case "$or":
		return slices.ContainsFunc(e.Value.(bson.A), each)
	case "$nor":
		return !slices.ContainsFunc(e.Value.(bson.A), each)
	}
	if strings.HasPrefix(e.Key, "$") {
		panic("unknown operator " + e.Key)
	}
	values := lookUp(d, e.Key, nil)
	operators, ok := isOperators(e.Value)
	if !ok {
		return anyValue(values, func(v any) bool { return equal(v, e.Value) }) || e.Value == nil && len(values) == 0
	}
	for _, op := range operators {
		if !operate(values, op) {
			return false
		}
	}
	return true
}

// anyValue tries values and, of those that are arrays, their items.
func anyValue(values []any, passes func(any) bool) bool {
	for _, v := range values {
		if passes(v) {
			return true
		}
		if a, ok := v.(bson.A); ok && slices.ContainsFunc(a, passes) {
			return true
		}
	}
	return false
}

func equal(a, b any) bool { return rank(a) == rank(b) && compare(a, b) == 0 }

func operate(values []any, op bson.E) bool {
	ordered := func(holds func(order int) bool) bool {
		return anyValue(values, func(v any) bool { return rank(v) == rank(op.Value) && holds(compare(v, op.Value)) })
	}
	switch op.Key {
	case "$eq":
		return ordered(func(o int) bool { return o == 0 })
	case "$ne":
		return !anyValue(values, func(v any) bool { return equal(v, op.Value) })
	case "$gt":
		return ordered(func(o int) bool { return o > 0 })
	case "$gte":
		return ordered(func(o int) bool { return o >= 0 })
	case "$lt":
		return ordered(func(o int) bool { return o < 0 })
	case "$lte":
		return ordered(func(o int) bool { return o <= 0 })
	case "$in":
		set := op.Value.(inSet)
		return anyValue(values, func(v any) bool { return set[key(v)] })
	case "$exists":
		return (len(values) > 0) == (op.Value == true || number(op.Value) == 1)
	case "$type":
		return anyValue(values, func(v any) bool { _, ok := v.(string); return ok })
	case "$regex":
		re := op.Value.(*regexp.Regexp)
		return anyValue(values, func(v any) bool { text, ok := v.(string); return ok && re.MatchString(text) })
	case "$elemMatch":
		return elemMatch(values, op.Value.(bson.D))
	}
	panic("unknown operator " + op.Key)
}

func elemMatch(values []any, conditions bson.D) bool {
	operators, ok := isOperators(conditions)
	if ok && (operators[0].Key == "$and" || operators[0].Key == "$or" || operators[0].Key == "$nor") {
		ok = false
	}
	for _, v := range values {
		list, isArray := v.(bson.A)
		if !isArray {
			continue
		}
		for _, item := range list {
			if d, isDoc := item.(bson.D); isDoc && !ok {
				if match(d, conditions) {
					return true
				}
				continue
			}
			if ok && !slices.ContainsFunc(operators, func(op bson.E) bool { return !operate([]any{item}, op) }) {
				return true
			}
		}
	}
	return false
}

// eval evaluates an expression of an aggregation.
func eval(e any, doc bson.D, vars map[string]any) any {
	switch x := e.(type) {
	case string:
		if path, ok := strings.CutPrefix(x, "$$"); ok {
			name, rest, _ := strings.Cut(path, ".")
			return first(lookUp(vars[name], rest, nil))
		}
		if path, ok := strings.CutPrefix(x, "$"); ok {
			return first(lookUp(doc, path, nil))
		}
		return x
	case bson.D:
		if len(x) == 1 && strings.HasPrefix(x[0].Key, "$") {
			return apply(x[0], doc, vars)
		}
	}
	return e
}

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

func apply(e bson.E, doc bson.D, vars map[string]any) any {
	arg := func(i int) any { return eval(e.Value.(bson.A)[i], doc, vars) }
	list := func() bson.A { return e.Value.(bson.A) }
	switch e.Key {
	case "$eq":
		return equal(arg(0), arg(1))
	case "$gte":
		return compare(arg(0), arg(1)) >= 0
	case "$lt":
		return compare(arg(0), arg(1)) < 0
	case "$and":
		return !slices.ContainsFunc(list(), func(v any) bool { return eval(v, doc, vars) != true })
	case "$or":
		return slices.ContainsFunc(list(), func(v any) bool { return eval(v, doc, vars) == true })
	case "$ifNull":
		if v := arg(0); v != nil {
			return v
		}
		return arg(1)
	case "$min", "$max":
		return extreme(eval(e.Value, doc, vars), e.Key == "$max")
	case "$filter", "$map":
		return loop(e, doc, vars)
	}
	panic("unknown expression " + e.Key)
}

func extreme(v any, greatest bool) (out any) {
	list, ok := v.(bson.A)
	if !ok {
		return v
	}
	for _, item := range list {
		if item == nil {
			continue
		}
		if order := compare(item, out); out == nil || order < 0 != greatest && order != 0 {
			out = item
		}
	}
	return out
}

func loop(e bson.E, doc bson.D, vars map[string]any) any {
	spec := e.Value.(bson.D)
	input, _ := eval(get(spec, "input"), doc, vars).(bson.A)
	inner := map[string]any{}
	for k, v := range vars {
		inner[k] = v
	}
	out := bson.A{}
	for _, item := range input {
		inner[fmt.Sprint(get(spec, "as"))] = item
		if e.Key == "$map" {
			out = append(out, eval(get(spec, "in"), doc, inner))
		} else if eval(get(spec, "cond"), doc, inner) == true {
			out = append(out, item)
		}
	}
	return out
}

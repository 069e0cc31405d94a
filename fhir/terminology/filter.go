package terminology

import (
	"context"
	"regexp"
	"strings"

	"andiron.dev/fhir"
)

// test says whether a concept passes a filter.
type test func(c *concept) (bool, error)

// filter reads a filter of a value set: a property, an operator of http://hl7.org/fhir/filter-operator, and a value. A concept may
// have several values of a property; one of them has to satisfy an operator, and all of them one that denies.
func (e *Evaluator) filter(ctx context.Context, s *codeSystem, f fhir.Element) (test, error) {
	values, err := s.property(f.Get("property").Text())
	if err != nil {
		return nil, err
	}
	value := f.Get("value").Text()
	some := func(want bool, matches func(string) bool) test {
		return func(c *concept) (bool, error) {
			found := false
			list := values(c)
			for i := 0; i < len(list) && !found; i++ {
				found = matches(list[i])
			}
			return found == want, e.spend(ctx, 1+len(list))
		}
	}
	switch op := f.Get("op").Text(); op {
	case "=":
		return some(true, func(v string) bool { return v == value }), nil
	case "in", "not-in":
		set := make(map[string]bool)
		for item := range strings.SplitSeq(value, ",") {
			set[strings.TrimSpace(item)] = true
		}
		return some(op == "in", func(v string) bool { return set[v] }), e.spend(ctx, len(set))
	case "is-a", "descendent-of", "is-not-a", "generalizes":
		set, err := e.relatives(ctx, s, op, value)
		return some(op != "is-not-a", func(v string) bool { return set[v] }), err
	case "exists":
		if value != "true" && value != "false" {
			return nil, fhir.NewOutcome(fhir.NotSupported, "its filter 'exists' has a value that is neither true nor false")
		}
		return some(value == "true", func(string) bool { return true }), nil
	case "regex":
		return e.pattern(ctx, value, values)
	}
	return nil, fhir.NewOutcome(fhir.NotSupported, "it has a filter whose operator R4 does not have")
}

// relatives are the codes that have the relation of an operator to a code. A complete code system that does not have the code
// has none.
func (e *Evaluator) relatives(ctx context.Context, s *codeSystem, op, code string) (map[string]bool, error) {
	if !s.isA {
		return nil, fhir.Errorf(fhir.NotSupported, "its filter '%s' asks for subsumption, which the hierarchy of the code system '%s' does not say (hierarchyMeaning)", op, shown(s.url))
	}
	var set map[string]bool
	from := s.byCode[code]
	switch {
	case from == nil && !s.listed():
		return nil, fhir.Errorf(fhir.NotSupported, "only a fragment of the code system '%s' is here, and the code that the filter '%s' names is not in it", shown(s.url), op)
	case from == nil:
		return set, nil
	}
	next := (*concept).below
	if op == "generalizes" {
		next = (*concept).above
	}
	list, err := e.closure(ctx, from, next)
	set = make(map[string]bool, len(list))
	for _, c := range list {
		set[c.code] = c != from || op != "descendent-of"
	}
	return set, err
}

// pattern tests texts with a regular expression, which has to match all of the text. The syntax is RE2's, which takes time in
// proportion to the text and lacks what would take more.
func (e *Evaluator) pattern(ctx context.Context, value string, values func(*concept) []string) (test, error) {
	if len(value) > maxPattern {
		return nil, fhir.Errorf(fhir.TooCostly, "its regular expression is longer than %d characters", maxPattern)
	}
	expression, err := regexp.Compile(`\A(?:` + value + `)\z`)
	if err != nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "its regular expression cannot be read; the syntax is RE2's, without look-around and back references")
	}
	const weight = 16 // characters of text times those of the expression that take as long as any other step
	return func(c *concept) (bool, error) {
		for _, text := range values(c) {
			if err := e.spend(ctx, 1+len(text)*len(value)/weight); err != nil {
				return false, err
			}
			if expression.MatchString(text) {
				return true, nil
			}
		}
		return false, e.spend(ctx, 1)
	}, nil
}

package terminology

import (
	"context"
	"fmt"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Resolve gives the query with a Token in the place of each TokenSet. Where a set was made from the fragment of a code system
// it says so in a warning, or, strict, fails: what a fragment does not have is not found.
func (e *Evaluator) Resolve(ctx context.Context, q *search.Query, strict bool) (*search.Query, []fhir.Issue, error) {
	var warnings []fhir.Issue
	resolved, err := q.Rewrite(func(node search.Expr) (search.Expr, error) {
		set, ok := node.(*search.TokenSet)
		if !ok {
			return node, nil
		}
		name := set.Param.Code + ":" + string(set.Modifier)
		codes, err := e.meant(ctx, set)
		if err != nil {
			return nil, about(name, err)
		}
		if codes.partial {
			const text = "only a fragment of a code system is here; codes that are not in it were not considered"
			if strict {
				return nil, fhir.NewOutcome(fhir.NotSupported, "the parameter '"+name+"' cannot be evaluated for certain: "+text)
			}
			if len(warnings) == 0 {
				warnings = append(warnings, fhir.Issue{Severity: fhir.Warning, Code: fhir.Incomplete, Text: "the parameter '" + name + "': " + text})
			}
		}
		return set.Token(codes.tests), nil
	})
	if err != nil {
		return nil, nil, err
	}
	return resolved, warnings, nil
}

// asked is what a criterion asks for: codes that many of a search have in common are written down once.
type asked struct {
	tests   []search.TokenTest
	partial bool
}

// meant gives the codes that a criterion stands for.
func (e *Evaluator) meant(ctx context.Context, set *search.TokenSet) (*asked, error) {
	key := fmt.Sprintf("%s %q %#v", set.Modifier, set.ValueSets, set.Codes)
	known := e.asked[key]
	if known == nil {
		codes, err := e.gather(ctx, set)
		if err != nil {
			return nil, err
		}
		known = &asked{tests: tests(codes), partial: codes.partial}
		e.asked[key] = known
	}
	// A search across types, and a chain to one of many, ask for the same in many places.
	const most = 20 * MaxCodes
	if e.codes += len(known.tests); len(known.tests) > MaxCodes || e.codes > most {
		return nil, fhir.Errorf(fhir.TooCostly, "it stands for more codes than a search may ask for, %d, or in too many places", MaxCodes)
	}
	return known, nil
}

func (e *Evaluator) gather(ctx context.Context, set *search.TokenSet) (*Codes, error) {
	var gathered union
	for _, name := range set.ValueSets {
		codes, err := e.named(ctx, name, set.Own)
		if err != nil {
			return nil, err
		}
		if err := e.join(ctx, &gathered, codes); err != nil {
			return nil, err
		}
	}
	next := (*concept).below
	if set.Modifier == search.ModAbove {
		next = (*concept).above
	}
	for _, code := range set.Codes {
		codes, err := e.related(ctx, Coding{code.System, code.Code}, next)
		if err != nil {
			return nil, err
		}
		if err := e.join(ctx, &gathered, codes); err != nil {
			return nil, err
		}
	}
	return gathered.all(), nil
}

// tests are the alternatives that match the codes.
func tests(codes *Codes) []search.TokenTest {
	list := make([]search.TokenTest, 0, codes.Len()+len(codes.whole))
	for coding := range codes.All() {
		list = append(list, search.TokenTest{System: coding.System, Code: coding.Code})
	}
	for _, system := range codes.whole {
		list = append(list, search.TokenTest{System: system, AnyCode: true})
	}
	return list
}

// about says which parameter an error is about.
func about(name string, err error) error {
	o := fhir.AsOutcome(err)
	if len(o.Issues) == 0 || o.Code() == fhir.Exception {
		return err
	}
	named := *o
	named.Issues = append([]fhir.Issue(nil), o.Issues...)
	named.Issues[0].Text = "the parameter '" + name + "' cannot be evaluated: " + o.Issues[0].Text
	return &named
}

package terminology

import (
	"context"
	"math"
	"slices"
	"strconv"

	"andiron.dev/fhir"
)

// opened is a value set that is being expanded.
type opened struct {
	key       string
	excluding bool // it was reached through an exclude
}

// expand gives the codes of a value set.
//
// Value sets may include each other in a circle: then each has the codes of all. Where the circle closes nothing needs to be
// added, because whoever began it adds its own codes. But what was found within the circle lacks them, so it is only
// remembered for those who began it: cut is the outermost of the open sets at which a circle has closed.
func (e *Evaluator) expand(ctx context.Context, set *valueSet, excluding bool) (*Codes, error) {
	if known, ok := e.expanded[set.key]; ok {
		return known, nil
	}
	if at := slices.IndexFunc(e.open, func(o opened) bool { return o.key == set.key }); at >= 0 {
		if excluding || slices.ContainsFunc(e.open[at+1:], func(o opened) bool { return o.excluding }) {
			return nil, fhir.NewOutcome(fhir.NotSupported, "the value set excludes itself")
		}
		e.cut = min(e.cut, at)
		return newCodes(0), nil
	}
	if len(e.open) >= maxDepth {
		return nil, fhir.Errorf(fhir.TooCostly, "value sets include each other more than %d levels deep", maxDepth)
	}
	if e.evaluated++; e.evaluated > maxSets {
		return nil, fhir.Errorf(fhir.TooCostly, "the value set draws on more than %d others", maxSets)
	}
	depth, outer := len(e.open), e.cut
	e.open, e.cut = append(e.open, opened{set.key, excluding}), math.MaxInt
	codes, err := e.evaluate(ctx, set)
	if err == nil && e.cut >= depth {
		e.expanded[set.key] = codes
	}
	if e.cut >= depth {
		e.cut = math.MaxInt
	}
	e.open, e.cut = e.open[:depth], min(e.cut, outer)
	return codes, err
}

func (e *Evaluator) evaluate(ctx context.Context, set *valueSet) (*Codes, error) {
	switch {
	case set.embedded != nil:
		return e.expandEmbedded(ctx, set)
	case set.implied != nil:
		return e.expandImplied(ctx, set.implied)
	}
	compose, expansion := set.root.Get("compose"), set.root.Get("expansion")
	if !compose.Exists() {
		if !expansion.Exists() {
			return nil, fhir.NewOutcome(fhir.NotSupported, "the value set has neither compose nor expansion: there is no telling what is in it")
		}
		return e.expansion(ctx, expansion)
	}
	codes, err := e.compose(ctx, set, compose)
	code := fhir.CodeOf(err)
	if expansion.Exists() && (code == fhir.NotSupported || code == fhir.NotFound || err == nil && codes.partial) {
		// Whoever made the expansion had what is missing here.
		if made, failed := e.expansion(ctx, expansion); failed == nil || fhir.CodeOf(failed) != fhir.NotSupported {
			return made, failed
		}
	}
	return codes, err
}

// expandEmbedded gives the codes of a value set that R4 defines.
func (e *Evaluator) expandEmbedded(ctx context.Context, set *valueSet) (*Codes, error) {
	codes := newCodes(len(set.embedded.Codes))
	switch {
	case set.embedded.Codes != nil:
		if err := e.spend(ctx, len(set.embedded.Codes)); err != nil {
			return nil, err
		}
		for code := range set.embedded.Codes {
			if err := codes.add(Coding{set.embedded.SystemOf(code), code}); err != nil {
				return nil, err
			}
		}
		slices.SortFunc(codes.list, Coding.compare)
	case set.embedded.System != "":
		codes.addWhole(set.embedded.System)
	default:
		return nil, fhir.Errorf(fhir.NotSupported, "the codes of the value set '%s' are not here: R4 does not list them", set.key)
	}
	return codes, nil
}

// expansion gives the codes of ValueSet.expansion, if it says all of them.
func (e *Evaluator) expansion(ctx context.Context, expansion fhir.Element) (*Codes, error) {
	const incomplete = "the value set cannot be evaluated here, and its expansion is not all of it"
	for x := range expansion.Each("extension") {
		switch x.Get("url").Text() {
		case "http://hl7.org/fhir/StructureDefinition/valueset-unclosed", "http://hl7.org/fhir/StructureDefinition/valueset-toocostly":
			if x.Get("valueBoolean").Text() == "true" {
				return nil, fhir.NewOutcome(fhir.NotSupported, incomplete)
			}
		}
	}
	codes, entries := newCodes(0), 0
	if err := e.contains(ctx, codes, expansion, &entries); err != nil {
		return nil, err
	}
	total, _ := strconv.Atoi(expansion.Get("total").Text()) // 0 where it is not said
	offset, _ := strconv.Atoi(expansion.Get("offset").Text())
	if offset > 0 || total > entries {
		return nil, fhir.NewOutcome(fhir.NotSupported, incomplete)
	}
	return codes, nil
}

// contains adds the entries below an element. Those without a code only head others.
func (e *Evaluator) contains(ctx context.Context, codes *Codes, at fhir.Element, entries *int) error {
	for entry := range at.Each("contains") {
		*entries++
		if err := e.spend(ctx, 1); err != nil {
			return err
		}
		if code := entry.Get("code").Text(); code != "" {
			if err := codes.add(Coding{entry.Get("system").Text(), code}); err != nil {
				return err
			}
		}
		if err := e.contains(ctx, codes, entry, entries); err != nil {
			return err
		}
	}
	return nil
}

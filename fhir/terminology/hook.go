package terminology

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

// MemberOf is memberOf() of FHIRPath (http://hl7.org/fhir/R4/fhirpath.html#functions), a path.Judge. Of a value set that is not
// here or cannot be evaluated, nothing is known; nor whether a code exists in a code system that is not here.
func (e *Evaluator) MemberOf(ctx context.Context, v path.Value, valueSet string) (result, known bool, err error) {
	codes, err := e.Expand(ctx, valueSet)
	switch fhir.CodeOf(err) {
	case "":
	case fhir.NotFound, fhir.NotSupported, fhir.Invalid:
		return false, false, nil
	default:
		return false, false, err
	}
	list, alone := codings(v)
	known = !codes.partial
	for _, c := range list {
		switch {
		case alone && slices.ContainsFunc(codes.list, func(in Coding) bool { return in.Code == c.Code }), codes.known[c]:
			return true, true, nil
		case alone && len(codes.whole) > 0, slices.Contains(codes.whole, c.System):
			known = false
		}
	}
	return false, known, nil
}

// Subsumes is subsumes() of FHIRPath, and with the arguments exchanged subsumedBy(): whether a coding of v is the same as one of
// other, or subsumes it. Codings of different code systems are not related, and that is an error where there are no others.
func (e *Evaluator) Subsumes(ctx context.Context, v, other path.Value) (result, known bool, err error) {
	general, _ := codings(v)
	special, _ := codings(other)
	comparable, unknown := false, false
	for _, a := range general {
		for _, b := range special {
			if a.System != b.System {
				continue
			}
			comparable = true
			if a == b {
				return true, true, nil
			}
			codes, err := e.related(ctx, a, (*concept).below)
			switch {
			case fhir.CodeOf(err) == fhir.NotSupported:
				unknown = true
			case err != nil:
				return false, false, err
			case codes.known[b]:
				return true, true, nil
			case codes.partial:
				unknown = true
			}
		}
	}
	if len(general) > 0 && len(special) > 0 && !comparable {
		return false, false, fhir.NewOutcome(fhir.NotSupported, "codes of different code systems do not subsume each other")
	}
	return false, !unknown, nil
}

// codings are the codes that a value has; alone says that it is a code without a system of its own.
func codings(v path.Value) (list []Coding, alone bool) {
	element := v.Element()
	coding := func(e fhir.Element) {
		if code := e.Get("code").Text(); code != "" {
			list = append(list, Coding{e.Get("system").Text(), code})
		}
	}
	switch {
	case element.Kind() == fhir.Object && element.Get("coding").Exists():
		for c := range element.Each("coding") {
			coding(c)
		}
	case element.Kind() == fhir.Object:
		coding(element)
	default:
		if text := v.String(); text != "" {
			return []Coding{{Code: text}}, true
		}
	}
	return list, false
}

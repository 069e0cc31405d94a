package terminology

import (
	"context"

	"andiron.dev/fhir"
)

// compose evaluates ValueSet.compose (http://hl7.org/fhir/R4/valueset.html#compositions): all that is included, less what is
// excluded.
func (e *Evaluator) compose(ctx context.Context, set *valueSet, compose fhir.Element) (*Codes, error) {
	var included union
	for part := range compose.Each("include") {
		selected, err := e.part(ctx, set, part, false)
		if err != nil {
			return nil, err
		}
		if err := e.join(ctx, &included, selected); err != nil {
			return nil, err
		}
	}
	codes := included.all()
	for part := range compose.Each("exclude") {
		selected, err := e.part(ctx, set, part, true)
		if err != nil {
			return nil, err
		}
		if codes, err = e.without(ctx, codes, selected); err != nil {
			return nil, err
		}
	}
	if compose.Get("inactive").Text() == "false" {
		return e.active(ctx, codes)
	}
	return codes, nil
}

// part evaluates one include or exclude: the codes that meet all of its conditions. The definition of the element valueSet
// speaks of the union of several value sets, that of include of codes which are in all of them; so does the page on
// composition, and R5 everywhere.
func (e *Evaluator) part(ctx context.Context, set *valueSet, part fhir.Element, excluding bool) (*Codes, error) {
	system := part.Get("system").Text()
	concepts, filters := part.Get("concept").Exists(), part.Get("filter").Exists()
	switch {
	case concepts && filters:
		return nil, fhir.NewOutcome(fhir.NotSupported, "the value set has a part with both concepts and filters (vsd-3)")
	case system == "" && (concepts || filters):
		return nil, fhir.NewOutcome(fhir.NotSupported, "the value set has a part with concepts or filters of no code system (vsd-2)")
	}
	var codes *Codes
	var err error
	switch version := part.Get("version").Text(); {
	case concepts:
		codes, err = e.chosen(ctx, system, part)
	case filters:
		codes, err = e.filtered(ctx, system, version, part)
	case system != "":
		codes, err = e.wholeSystem(ctx, system, version)
	}
	if err != nil {
		return nil, err
	}
	for name := range part.Each("valueSet") {
		nested, err := e.nested(ctx, set, name.Text(), excluding)
		if err != nil {
			return nil, err
		}
		if codes == nil {
			codes = nested
		} else if codes, err = e.both(ctx, codes, nested); err != nil {
			return nil, err
		}
	}
	if codes == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the value set has a part with neither code system nor value set (vsd-1)")
	}
	return codes, nil
}

// nested expands a value set that another names.
func (e *Evaluator) nested(ctx context.Context, within *valueSet, name string, excluding bool) (*Codes, error) {
	set, err := e.valueSet(ctx, name, "", within)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return nil, fhir.Errorf(fhir.NotFound, "it draws on the value set '%s', which is not here", shown(name))
	}
	return e.expand(ctx, set, excluding)
}

// chosen lists the concepts that a part names.
func (e *Evaluator) chosen(ctx context.Context, system string, part fhir.Element) (*Codes, error) {
	codes := newCodes(part.Get("concept").Len())
	for c := range part.Each("concept") {
		if err := e.spend(ctx, 1); err != nil {
			return nil, err
		}
		if code := c.Get("code").Text(); code != "" {
			if err := codes.add(Coding{system, code}); err != nil {
				return nil, err
			}
		}
	}
	return codes, nil
}

// wholeSystem gives all codes of a code system.
func (e *Evaluator) wholeSystem(ctx context.Context, system, version string) (*Codes, error) {
	s, err := e.codeSystem(ctx, system, version)
	if err != nil {
		return nil, err
	}
	if !s.listed() {
		codes := newCodes(0)
		codes.addWhole(system)
		return codes, nil
	}
	if err := e.spend(ctx, len(s.concepts)); err != nil {
		return nil, err
	}
	codes := newCodes(len(s.concepts))
	for _, c := range s.concepts {
		if err := codes.add(Coding{system, c.code}); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// filtered gives the codes of a code system that pass all filters of a part.
func (e *Evaluator) filtered(ctx context.Context, system, version string, part fhir.Element) (*Codes, error) {
	s, err := e.codeSystem(ctx, system, version)
	switch {
	case err != nil:
		return nil, err
	case !s.usable():
		return nil, fhir.Errorf(fhir.NotSupported, "it filters the code system '%s', which is not here or without its concepts", shown(system))
	}
	var tests []test
	for f := range part.Each("filter") {
		passes, err := e.filter(ctx, s, f)
		if err != nil {
			return nil, err
		}
		tests = append(tests, passes)
	}
	codes := newCodes(0)
	codes.partial = !s.listed()
	for _, c := range s.concepts {
		passed := true
		for i := 0; i < len(tests) && passed; i++ {
			if passed, err = tests[i](c); err != nil {
				return nil, err
			}
		}
		if passed {
			if err := codes.add(Coding{system, c.code}); err != nil {
				return nil, err
			}
		}
	}
	return codes, nil
}

// active leaves out codes that are not in use any more. Of those that nobody here knows, all are taken to be in use.
func (e *Evaluator) active(ctx context.Context, codes *Codes) (*Codes, error) {
	out := newCodes(codes.Len())
	out.whole, out.partial = codes.whole, codes.partial
	for coding := range codes.All() {
		s, err := e.codeSystem(ctx, coding.System, "")
		if err != nil {
			return nil, err
		}
		if err := e.spend(ctx, 1); err != nil {
			return nil, err
		}
		if s != nil {
			if c := s.byCode[coding.Code]; c != nil && s.inactive(c) {
				continue
			}
		}
		if err := out.add(coding); err != nil {
			return nil, err
		}
	}
	return out, nil
}

package terminology

import (
	"context"

	"andiron.dev/fhir"
)

// closure gives a concept and all that can be reached from it by taking next again and again.
func (e *Evaluator) closure(ctx context.Context, from *concept, next func(*concept) []*concept) ([]*concept, error) {
	seen := map[*concept]bool{from: true}
	queue := []*concept{from}
	for i := 0; i < len(queue); i++ {
		step := next(queue[i])
		if err := e.spend(ctx, 1+len(step)); err != nil {
			return nil, err
		}
		for _, c := range step {
			if !seen[c] {
				seen[c] = true
				queue = append(queue, c)
			}
		}
	}
	return queue, nil
}

// hierarchy finds a code system whose hierarchy can be asked.
func (e *Evaluator) hierarchy(ctx context.Context, url, version string) (*codeSystem, error) {
	s, err := e.codeSystem(ctx, url, version)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, fhir.NewOutcome(fhir.NotSupported, "the code system is not here, so nobody can say what its codes subsume; store it as a CodeSystem")
	case !s.usable():
		return nil, fhir.Errorf(fhir.NotSupported, "the CodeSystem that is here has the content '%s', so nobody can say what its codes subsume", s.content)
	case !s.isA:
		return nil, fhir.NewOutcome(fhir.NotSupported, "the hierarchy of the code system does not say what subsumes what (hierarchyMeaning)")
	}
	return s, nil
}

// related gives a code and all that it subsumes, or is subsumed by. A code that a complete code system does not have is
// related to nothing but itself.
func (e *Evaluator) related(ctx context.Context, coding Coding, next func(*concept) []*concept) (*Codes, error) {
	s, err := e.hierarchy(ctx, coding.System, "")
	if err != nil {
		return nil, err
	}
	from := s.byCode[coding.Code]
	switch {
	case from == nil && !s.listed():
		return nil, fhir.NewOutcome(fhir.NotSupported, "only a fragment of the code system is here, and the code is not in it")
	case from == nil:
		from = &concept{code: coding.Code}
	}
	list, err := e.closure(ctx, from, next)
	if err != nil {
		return nil, err
	}
	out := newCodes(len(list))
	out.partial = !s.listed()
	for _, c := range list {
		if err := out.add(Coding{coding.System, c.code}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

package smart

import (
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// maxPlaces bounds the resources of a hierarchy that is walked step by step.
const maxPlaces = 2000

// hierarchy walks a hierarchy through what is open of it, where not all is: the engine would walk through the rest as well.
func (s *sifting) hierarchy(h *search.Hierarchy) (search.Expr, error) {
	if mutated() == hookChain {
		return h, nil
	}
	whole := true
	for _, place := range h.Any {
		f, err := s.c.access.filter(Search, place.Type)
		if err != nil {
			return nil, err
		}
		if f.denied() && len(h.Any) == 1 {
			return nil, insufficient(s.c.who, place.Type, Search)
		}
		whole = whole && f.all()
	}
	if whole {
		return h, nil
	}
	var any search.Or
	for _, place := range h.Any {
		ids, err := s.walk(h, place)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			any = append(any, h.At(place.Type, ids))
		}
	}
	return any, nil
}

// walk gathers the ids of a place and of all open ones below or above it. To the place itself anybody may refer.
func (s *sifting) walk(h *search.Hierarchy, place search.Place) ([]string, error) {
	f, err := s.c.access.filter(Search, place.Type)
	if err != nil {
		return nil, err
	}
	ids := []string{place.ID}
	if f.denied() {
		return ids, nil
	}
	for next := ids; len(next) > 0; {
		step := next[:min(len(next), 100)]
		next = next[len(step):]
		q := h.Step(place, step)
		for {
			page, err := s.t.inner.Search(s.ctx, q)
			if err != nil {
				return nil, err
			}
			for _, r := range page.Resources {
				if ok, err := f.sees(s.ctx, s.t, r); err != nil {
					return nil, err
				} else if !ok {
					continue
				}
				found := []string{r.ID()}
				if h.Modifier == search.ModAbove {
					found = h.Parents(s.t.guard.config.Params, place, r)
				}
				for _, id := range found {
					if !slices.Contains(ids, id) {
						ids, next = append(ids, id), append(next[:len(next):len(next)], id)
					}
				}
			}
			if len(ids) > maxPlaces {
				return nil, fhir.NewOutcome(fhir.TooCostly, "the hierarchy that is searched has too many parts")
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return ids, nil
}

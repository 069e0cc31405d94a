package bench

import (
	"context"
	"math/rand/v2"

	"andiron.dev/cmd/andiron/bench/answer"
)

const (
	// searchPage is the _count of the searches.
	searchPage = 100
	// searchDay is the day that birth dates are compared with.
	searchDay = "2007-03-07"
)

// search asks for Patients by name and by birth date, each iteration one of nine queries at random.
type search struct {
	most    int
	queries []*searchQuery
}

type searchQuery struct {
	path  []byte
	check answer.Query
	tally *tally
}

func newSearch(most int) *search {
	s := &search{most: most}
	add := func(query string, match func(*answer.Resource) bool) {
		s.queries = append(s.queries, &searchQuery{
			path:  []byte("/Patient?" + query + "&_count=100"),
			check: answer.Query{Type: "Patient", Count: searchPage, Match: match, Known: map[string]struct{}{}},
			tally: newTally("GET Patient?" + query),
		})
	}
	for _, name := range []string{"John", "Undefined", "Some_long_unexisting_string"} {
		add("name="+name, answer.NameStarts(name))
	}
	add("name:contains=ohn", answer.NameContains("ohn"))
	for _, prefix := range []string{"", "eq", "ne", "lt", "gt"} {
		add("birthdate="+prefix+searchDay, answer.BirthDate(prefix, searchDay))
	}
	return s
}

func (s *search) tallies() (all []*tally) {
	for _, q := range s.queries {
		all = append(all, q.tally)
	}
	return all
}

// prepare looks at some of the Patients to know which matches must not be missing.
func (s *search) prepare(ctx context.Context, h *harvester) error {
	_, err := h.resources(ctx, "Patient", "id,name,birthDate", s.most, func(r *answer.Resource) {
		for _, q := range s.queries {
			if q.check.Match(r) {
				q.check.Known[string(r.ID)] = struct{}{}
			}
		}
	})
	return err
}

func (s *search) session(draw *rand.Rand, _ string) session { return &searchSession{s, draw} }

type searchSession struct {
	*search
	draw *rand.Rand
}

func (s *searchSession) iterate(u *user) bool {
	q := s.queries[s.draw.IntN(len(s.queries))]
	if resp := u.send(q.tally, "GET", q.path, nil, 200); resp != nil {
		u.expectSearchset(q.tally, resp, &q.check)
	}
	return true
}

package bench

import (
	"context"
	"math/rand/v2"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/wire"
)

// mix is what a clinical app asks: a patient, a list of patients, one patient's observations, conditions and versions.
type mix struct {
	most   int
	ids    []string
	kinds  []mixKind
	shares int
}

// mixKind is one of the requests; its path is before + id + after, or before alone.
type mixKind struct {
	share  int // of all requests, in percent
	before string
	after  string
	byID   bool
	tally  *tally
	check  func(u *user, t *tally, resp *wire.Response, id string)
}

func newMix(most int) *mix {
	m := &mix{most: most}
	add := func(kind string, k mixKind) {
		k.tally = newTally(kind)
		m.kinds = append(m.kinds, k)
		m.shares += k.share
	}
	add("GET Patient/{id}", mixKind{share: 45, before: "/Patient/", byID: true,
		check: func(u *user, t *tally, resp *wire.Response, id string) { u.expectResource(t, resp, "Patient", id, "") }})
	add("GET Patient?_count=20", mixKind{share: 20, before: "/Patient?_count=20",
		check: func(u *user, t *tally, resp *wire.Response, _ string) {
			u.expectSearchset(t, resp, &answer.Query{Type: "Patient", Count: 20})
		}})
	ofPatient := func(typ string) func(*user, *tally, *wire.Response, string) {
		return func(u *user, t *tally, resp *wire.Response, id string) {
			u.expectSearchset(t, resp, &answer.Query{Type: typ, Count: 50, Match: answer.PatientIs(id)})
		}
	}
	add("GET Observation?patient={id}", mixKind{share: 20, before: "/Observation?patient=", after: "&_count=50", byID: true,
		check: ofPatient("Observation")})
	add("GET Condition?patient={id}", mixKind{share: 10, before: "/Condition?patient=", after: "&_count=50", byID: true,
		check: ofPatient("Condition")})
	add("GET Patient/{id}/_history", mixKind{share: 5, before: "/Patient/", after: "/_history?_count=10", byID: true,
		check: func(u *user, t *tally, resp *wire.Response, id string) {
			u.expectBundle(t, resp, "history", func(text []byte) (int, *answer.Wrong) { return answer.History(text, "Patient", id, 10) })
		}})
	return m
}

func (m *mix) tallies() (all []*tally) {
	for _, k := range m.kinds {
		all = append(all, k.tally)
	}
	return all
}

func (m *mix) prepare(ctx context.Context, h *harvester) (err error) {
	m.ids, err = h.ids(ctx, "Patient", m.most)
	return err
}

func (m *mix) session(draw *rand.Rand, _ string) session { return &mixSession{mix: m, draw: draw} }

type mixSession struct {
	*mix
	draw *rand.Rand
	path []byte
}

func (s *mixSession) iterate(u *user) bool {
	n, share := 0, s.draw.IntN(s.shares)
	for share >= s.kinds[n].share {
		share -= s.kinds[n].share
		n++
	}
	k := &s.kinds[n]
	id := s.ids[s.draw.IntN(len(s.ids))]
	s.path = append(s.path[:0], k.before...)
	if k.byID {
		s.path = append(append(s.path, id...), k.after...)
	}
	if resp := u.send(k.tally, "GET", s.path, nil, 200); resp != nil {
		k.check(u, k.tally, resp, id)
	}
	return true
}

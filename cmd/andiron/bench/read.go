package bench

import (
	"context"
	"math/rand/v2"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/wire"
)

// read asks for one resource after the other by its id, at random among the ids that the server gave before.
type read struct {
	typ   string
	most  int
	ids   []string
	tally *tally
}

func newRead(typ string, most int) *read {
	return &read{typ: typ, most: most, tally: newTally("GET " + typ + "/{id}")}
}

func (r *read) tallies() []*tally { return []*tally{r.tally} }

func (r *read) prepare(ctx context.Context, h *harvester) (err error) {
	r.ids, err = h.ids(ctx, r.typ, r.most)
	return err
}

func (r *read) session(draw *rand.Rand, _ string) session { return &readSession{read: r, draw: draw} }

type readSession struct {
	*read
	draw *rand.Rand
	path []byte
}

func (s *readSession) iterate(u *user) bool {
	id := s.ids[s.draw.IntN(len(s.ids))]
	s.path = append(append(append(append(s.path[:0], '/'), s.typ...), '/'), id...)
	resp := u.send(s.tally, "GET", s.path, nil, 200)
	if resp != nil {
		u.expectResource(s.tally, resp, s.typ, id, "")
	}
	return true
}

// expectResource checks that an answer is the resource asked for: in the sample by reading it, elsewhere by looking for its id
// and type. A marker that is given must be among the identifiers.
func (u *user) expectResource(t *tally, resp *wire.Response, typ, id, marker string) {
	full := u.sampled()
	if !full && resp.Encoding != nil {
		return // unpacking costs more than the request
	}
	text := u.text(resp)
	if !full && answer.Has(text, `"id"`, id) && answer.Has(text, `"resourceType"`, typ) {
		return
	}
	if u.counts {
		t.inFull(-1)
	}
	r, wrong := answer.ReadResource(text)
	if wrong == nil {
		wrong = r.Is(typ, id)
	}
	if wrong == nil && marker != "" && !r.Identified(marker) {
		wrong = &answer.Wrong{Reason: "the resource has lost the identifier it was created with", Detail: typ + "/" + id}
	}
	u.wrong(t, wrong)
}

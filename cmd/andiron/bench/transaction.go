package bench

import (
	"context"
	"math/rand/v2"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/seed"
)

// transaction admits one patient after the other: a Patient, an Encounter and two Observations in one transaction, which refer
// to each other by urn:uuid. What it creates stays.
type transaction struct {
	form  *seed.Form
	types []string
	tally *tally
}

func newTransaction() (*transaction, error) {
	form, types, err := seed.Admission()
	return &transaction{form, types, newTally("POST transaction")}, err
}

func (t *transaction) prepare(context.Context, *harvester) error { return nil }

func (t *transaction) tallies() []*tally { return []*tally{t.tally} }

func (t *transaction) session(draw *rand.Rand, name string) session {
	return &transactionSession{transaction: t, record: seed.NewRecord(draw, name)}
}

type transactionSession struct {
	*transaction
	record *seed.Record
	body   []byte
}

func (s *transactionSession) iterate(u *user) bool {
	s.record.Next()
	s.body = s.form.Append(s.body[:0], s.record)
	resp := u.send(s.tally, "POST", nil, s.body, 200)
	if resp == nil {
		return true
	}
	full := u.sampled()
	if !full && resp.Encoding != nil {
		return true
	}
	text := u.text(resp)
	if !full && answer.Count(text, `"status"`, "201") == len(s.types) {
		return true
	}
	ids := make([]string, len(s.types))
	entries, wrong := answer.Created(text, s.types, func(n int, id []byte) { ids[n] = string(id) })
	if u.counts {
		s.tally.inFull(entries)
	}
	if wrong == nil {
		wrong = s.resolved(u, ids)
	}
	u.wrong(s.tally, wrong)
	return true
}

// resolved reads the last Observation back: its subject must be the new Patient.
func (s *transactionSession) resolved(u *user, ids []string) *answer.Wrong {
	last := len(ids) - 1
	resp, err := u.probe([]byte("/" + s.types[last] + "/" + ids[last]))
	if err != nil {
		return nil // a failed probe proves nothing
	}
	if resp.Status != 200 {
		return &answer.Wrong{Reason: "what a transaction created cannot be read", Detail: s.types[last] + "/" + ids[last]}
	}
	r, wrong := answer.ReadResource(u.text(resp))
	if wrong == nil && !answer.RefersTo(r.Patient, s.types[0], ids[0]) {
		wrong = &answer.Wrong{Reason: "a reference by urn:uuid was not resolved to the resource that was created",
			Detail: "subject " + string(r.Patient) + ", not " + s.types[0] + "/" + ids[0]}
	}
	return wrong
}

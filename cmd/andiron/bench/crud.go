package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/seed"
	"andiron.dev/cmd/andiron/bench/wire"
)

// crud creates a resource of each of nine types that refer to each other, reads each, updates each with one element changed,
// and deletes them in reverse: 36 requests an iteration, which leave nothing behind.
type crud struct {
	steps   []*crudStep
	reads   []*tally
	updates []*tally
	deletes []*tally
	creates []*tally
}

// crudStep is what is the same for every resource of a type.
type crudStep struct {
	typ    string
	path   []byte // "/Patient"
	form   *seed.Form
	ref    seed.Blank // where later resources want the id; seed.ID: none does
	change func(*seed.Record)
}

func newCRUD() (*crud, error) {
	c := &crud{}
	for _, typ := range seed.Types() {
		form, err := seed.Resource(typ)
		if err != nil {
			return nil, err
		}
		ref, change := crudChange(typ)
		c.steps = append(c.steps, &crudStep{typ, []byte("/" + typ), form, ref, change})
		c.creates = append(c.creates, newTally("POST "+typ))
		c.reads = append(c.reads, newTally("GET "+typ+"/{id}"))
		c.updates = append(c.updates, newTally("PUT "+typ+"/{id}"))
		c.deletes = append(c.deletes, newTally("DELETE "+typ+"/{id}"))
	}
	return c, nil
}

// crudChange gives where the id of a new resource goes and which element an update of the type changes.
func crudChange(typ string) (seed.Blank, func(*seed.Record)) {
	set := func(b seed.Blank, text string) func(*seed.Record) {
		return func(r *seed.Record) { r.SetString(b, text) }
	}
	other := func(gender seed.Blank) func(*seed.Record) {
		return func(r *seed.Record) {
			if string(r.Get(gender)) == "male" {
				r.SetString(gender, "female")
			} else {
				r.SetString(gender, "male")
			}
		}
	}
	now := func(b seed.Blank) func(*seed.Record) {
		return func(r *seed.Record) { r.SetInstant(b, time.Now()) }
	}
	switch typ {
	case "Patient":
		return seed.PatientID, other(seed.Gender)
	case "Location":
		return seed.LocationID, set(seed.Renamed, " (moved)")
	case "Organization":
		return seed.OrganizationID, set(seed.Renamed, " (renamed)")
	case "Practitioner":
		return seed.PractitionerID, other(seed.DoctorGender)
	case "Encounter":
		return seed.EncounterID, set(seed.EncounterStatus, "in-progress")
	case "MedicationRequest":
		return seed.MedicationRequestID, set(seed.MedicationStatus, "on-hold")
	case "Claim":
		return seed.ClaimID, now(seed.Written)
	case "ExplanationOfBenefit":
		return seed.ID, now(seed.Written)
	}
	return seed.ID, now(seed.Issued) // Observation
}

func (c *crud) prepare(context.Context, *harvester) error { return nil }

func (c *crud) tallies() []*tally {
	all := append([]*tally(nil), c.creates...)
	all = append(all, c.reads...)
	all = append(all, c.updates...)
	return append(all, c.deletes...)
}

func (c *crud) session(draw *rand.Rand, name string) session {
	return &crudSession{crud: c, record: seed.NewRecord(draw, name), made: make([]crudMade, len(c.steps))}
}

type crudSession struct {
	*crud
	record *seed.Record
	made   []crudMade
	body   []byte
}

// crudMade is a resource of this iteration.
type crudMade struct {
	path    []byte // "/Patient/1"
	id      string
	version []byte // "": the server keeps no versions
}

func (s *crudSession) iterate(u *user) bool {
	s.record.Next()
	n := 0
	for n < len(s.steps) && s.create(u, n) {
		n++
	}
	if n == len(s.steps) { // otherwise what there is goes again: the rest would refer to nothing
		for i := range n {
			s.read(u, i)
		}
		for i := range n {
			s.update(u, i)
		}
	}
	probed := -1
	if u.sampled() {
		probed = u.coin.IntN(len(s.steps))
	}
	for i := n - 1; i >= 0; i-- {
		s.delete(u, i, i == probed || u.share == 1)
	}
	return true
}

func (s *crudSession) create(u *user, n int) bool {
	step, made := s.steps[n], &s.made[n]
	s.record.SetString(seed.ID, "")
	s.body = step.form.Append(s.body[:0], s.record)
	resp := u.send(s.creates[n], "POST", step.path, s.body, 201)
	if resp == nil {
		return false
	}
	id, version := answer.Location(resp.Location, step.typ)
	if id == nil {
		u.wrong(s.creates[n], &answer.Wrong{Reason: "a create does not say where the resource is", Detail: "Location: " + string(resp.Location)})
		return false
	}
	made.id = string(id)
	made.path = append(append(append(made.path[:0], step.path...), '/'), id...)
	made.version = append(made.version[:0], version...)
	if step.ref != seed.ID {
		s.record.Set(step.ref, id)
	}
	if len(version) > 0 && string(answer.ETag(resp.ETag)) != string(version) {
		u.wrong(s.creates[n], &answer.Wrong{Reason: "the ETag of a create is not the version of its Location", Detail: string(resp.ETag) + ", " + string(version)})
	}
	if len(resp.Body) > 0 && u.sampled() {
		s.representation(u, s.creates[n], resp, n)
	}
	return true
}

func (s *crudSession) read(u *user, n int) {
	resp := u.send(s.reads[n], "GET", s.made[n].path, nil, 200)
	if resp == nil {
		return
	}
	made := &s.made[n]
	if etag := answer.ETag(resp.ETag); len(etag) > 0 && len(made.version) > 0 && string(etag) != string(made.version) {
		u.wrong(s.reads[n], &answer.Wrong{Reason: "a read gives another version than the one just written", Detail: string(etag) + ", not " + string(made.version)})
	}
	u.expectResource(s.reads[n], resp, s.steps[n].typ, made.id, string(s.record.Get(seed.Marker)))
}

func (s *crudSession) update(u *user, n int) {
	step, made := s.steps[n], &s.made[n]
	step.change(s.record)
	s.record.SetString(seed.ID, made.id)
	s.body = step.form.Append(s.body[:0], s.record)
	resp := u.send(s.updates[n], "PUT", made.path, s.body, 200)
	if resp == nil {
		return
	}
	if etag := answer.ETag(resp.ETag); len(made.version) > 0 && !answer.Later(made.version, etag) {
		u.wrong(s.updates[n], &answer.Wrong{Reason: "an update does not raise the version", Detail: "from " + string(made.version) + " to " + string(etag)})
	}
	if len(resp.Body) > 0 && u.sampled() {
		s.representation(u, s.updates[n], resp, n)
	}
}

// representation checks the resource that a write gives back, where the server gives one and not an OperationOutcome.
func (s *crudSession) representation(u *user, t *tally, resp *wire.Response, n int) {
	if u.counts {
		t.inFull(-1)
	}
	r, wrong := answer.ReadResource(u.text(resp))
	if wrong == nil && string(r.Type) == "OperationOutcome" {
		return
	}
	if wrong == nil {
		wrong = r.Is(s.steps[n].typ, s.made[n].id)
	}
	u.wrong(t, wrong)
}

// delete deletes a resource, and where it is told to makes sure that it is gone.
func (s *crudSession) delete(u *user, n int, probe bool) {
	path := s.made[n].path
	if u.send(s.deletes[n], "DELETE", path, nil, 204, 200) == nil || !probe {
		return
	}
	if u.counts {
		s.deletes[n].inFull(-1)
	}
	if gone, err := u.probe(path); err == nil && gone.Status != 404 && gone.Status != 410 {
		u.wrong(s.deletes[n], &answer.Wrong{Reason: "a deleted resource is still there", Detail: "GET " + string(path)})
	}
}

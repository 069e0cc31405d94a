package encounter

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// draft is the next version of an Encounter while the rules look at it, and complete it.
type draft struct {
	m       *Module
	ctx     context.Context
	tx      fhir.Tx
	was, is *stay
	now     time.Time
	o       object // nil = as it was given
}

// encounter is the rule about Encounters (§3.6, §8.1). What has ended before it came here is stored as it is.
func (m *Module) encounter(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	d := &draft{m: m, ctx: ctx, tx: c.Tx, was: m.stayOf(c.Before), is: m.stayOf(c.After), now: m.now()}
	if c.After == nil {
		return nil, d.settle()
	}
	if c.Before == nil && !open(d.is.status) {
		return nil, nil
	}
	steps := []func() error{d.transition, d.histories}
	if open(d.was.status) || open(d.is.status) {
		steps = append(steps, d.period, d.locations, d.alone, d.ended, d.settle)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if d.o == nil {
		return nil, nil
	}
	return m.sound(d.o)
}

// edit is the Encounter as an object that steps change.
func (d *draft) edit() object {
	if d.o == nil {
		d.o = objectOf(d.is.Resource)
	}
	return d.o
}

// refresh has the steps that follow see what earlier ones have changed.
func (d *draft) refresh() error {
	if d.o == nil {
		return nil
	}
	r, err := build(d.o)
	if err == nil {
		d.is = d.m.stayOf(r)
	}
	return err
}

// changed reports whether the status is another than before.
func (d *draft) changed() bool { return d.was.Resource != nil && d.was.status != d.is.status }

func (d *draft) transition() error {
	if d.was.Resource == nil {
		return nil
	}
	if err := follows(d.was.status, d.is.status); err != nil {
		return err
	}
	if d.was.status == finished && d.is.status == inProgress {
		return d.reopened()
	}
	return nil
}

// ended holds the end of a visit against what it waits for.
func (d *draft) ended() error {
	if !present(d.was.status) || d.is.status != finished || !awaited(d.is.class) {
		return nil
	}
	return d.discharged()
}

// alone refuses a second open stay of a patient. A part of a stay is none of its own.
func (d *draft) alone() error {
	if fhir.IsMerging(d.ctx) || !d.is.single() || d.was.single() && d.was.patient == d.is.patient {
		return nil
	}
	whole := d.is.root.Get("partOf").Get("reference").Text()
	var other *fhir.Resource
	err := d.m.find(d.ctx, d.tx, "Encounter", fhir.Params{
		{Name: "patient", Value: "Patient/" + d.is.patient}, {Name: "status", Value: "arrived,triaged,in-progress,onleave"}, {Name: "class", Value: "IMP,ACUTE,NONAC,OBSENC"},
	}, func(r *fhir.Resource) bool {
		if r.ID() != d.is.ID() && r.Reference() != whole && r.Root().Get("partOf").Get("reference").Text() != "Encounter/"+d.is.ID() {
			other = r
		}
		return other == nil
	})
	if err == nil && other != nil {
		return d.m.blockedBy(d.ctx, alreadyAdmitted, "the patient has an open inpatient stay", "Encounter.subject", other)
	}
	return err
}

package encounter

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// settling marks the context of what the rule about Encounters does to beds: the rule about beds would have it the other way round.
type settling struct{}

// swapping marks the context of a swap: the ids of the Encounters whose beds change hands, and stay occupied.
type swapping struct{}

// settle sees to the beds: those that are taken have to be free, and are occupied from now on; those that are left are to be cleaned.
func (d *draft) settle() error {
	was, is := d.m.held(d.was), d.m.held(d.is)
	partners, _ := d.ctx.Value(swapping{}).([]string)
	swap := slices.Contains(partners, d.is.id())
	for _, p := range is {
		if slices.ContainsFunc(was, func(q place) bool { return q.id == p.id && q.status == p.status && q.start.Equal(p.start) }) && d.was.ends.Equal(d.is.ends) {
			continue
		}
		bed, err := d.bed(p.id)
		if err != nil {
			return err
		}
		if bed == nil {
			continue
		}
		mine := slices.ContainsFunc(was, func(q place) bool { return q.id == p.id && q.status == "active" })
		if p.status == "active" && d.is.status == planned {
			return refused(fhir.BusinessRule, "bed-reserved-only", "a stay that is planned can reserve a bed, not occupy it", d.at(p.at))
		}
		if err := d.free(p, partners); err != nil {
			return err
		}
		if p.status != "active" || mine || swap {
			continue
		}
		if err := d.m.usable(d.ctx, d.tx, bed); err != nil {
			return err
		}
		if err := d.put(conditioned(bed, occupied)); err != nil {
			return err
		}
	}
	for _, q := range was {
		if q.status != "active" || swap || slices.ContainsFunc(is, func(p place) bool { return p.id == q.id && p.status == "active" }) {
			continue
		}
		bed, err := d.bed(q.id)
		if err != nil {
			return err
		}
		if bed == nil || condition(bed) != occupied && condition(bed) != isolated {
			continue
		}
		if err := d.put(conditioned(bed, housekeeping)); err != nil {
			return err
		}
		if err := d.clean(bed); err != nil {
			return err
		}
	}
	return nil
}

func (s *stay) id() string {
	if s.Resource == nil {
		return ""
	}
	return s.ID()
}

// bed reads a Location; nil where there is none, or it is no bed.
func (d *draft) bed(id string) (*fhir.Resource, error) {
	r, err := d.tx.Read(d.ctx, "Location", id)
	if gone(err) || err == nil && !isBed(r) {
		return nil, nil
	}
	return r, err
}

// free refuses a bed that another Encounter has at the time. Who lies in it goes on doing so until their stay is expected to end.
func (d *draft) free(p place, partners []string) error {
	from, to := d.span(d.is, p)
	var other *fhir.Resource
	err := d.m.holders(d.ctx, d.tx, p.id, func(s *stay, q place) bool {
		if s.ID() == d.is.ID() || slices.Contains(partners, s.ID()) && slices.Contains(partners, d.is.ID()) {
			return true
		}
		begin, end := d.span(s, q)
		if q.status == "active" && p.status == "active" || (end.IsZero() || from.Before(end)) && (to.IsZero() || begin.Before(to)) {
			other = s.Resource
		}
		return other == nil
	})
	if err == nil && other != nil {
		return d.m.blockedBy(d.ctx, bedNotAvailable, "the bed is occupied or reserved at the time", d.at(p.at), other)
	}
	return err
}

// span is the time for which a place is kept; zero = open.
func (d *draft) span(s *stay, p place) (from, to time.Time) {
	from, to = p.start, p.end
	if to.IsZero() && s.ends.After(d.now) && s.ends.After(from) {
		to = s.ends
	}
	return from, to
}

// holders yields the Encounters that keep a place, with the place; fn ends it by returning false.
func (m *Module) holders(ctx context.Context, tx fhir.Tx, id string, fn func(*stay, place) bool) error {
	return m.find(ctx, tx, "Encounter", fhir.Params{
		{Name: "location", Value: "Location/" + id}, {Name: "status", Value: "planned,arrived,triaged,in-progress,onleave"},
	}, func(r *fhir.Resource) bool {
		s := m.stayOf(r)
		for _, p := range m.held(s) {
			if p.id == id && !fn(s, p) {
				return false
			}
		}
		return true
	})
}

// put writes a bed.
func (d *draft) put(o object) error {
	r, err := d.m.sound(o)
	if err == nil {
		_, err = d.tx.Put(context.WithValue(d.ctx, settling{}, true), r)
	}
	return err
}

// taskTypes is the code system of Task.code.
func taskTypes() string { return codes("task-type") }

// cleaning is the code of the Task to clean a bed.
const cleaning = "housekeeping"

// clean asks for a bed to be cleaned. The Task names nobody: whoever cleans need not know who lay there.
func (d *draft) clean(bed *fhir.Resource) error {
	code := coded(taskTypes(), cleaning, "Clean the bed")
	r, err := d.m.sound(object{
		"resourceType": "Task", "id": d.m.config.NewID(), "status": "requested", "intent": "order", "code": code, "authoredOn": instant(d.now),
		"description": "Clean the bed and make it ready", "focus": reference(bed.Reference()), "location": reference(bed.Reference()),
		"executionPeriod": object{"start": instant(d.now)},
	})
	if err == nil {
		_, err = d.tx.Create(d.ctx, r)
	}
	return err
}

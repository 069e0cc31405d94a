package scheduling

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// firstAvailable is the extension of a Schedule in the answer of its $find: the first free time, a valueInstant.
const firstAvailable = ours + "first-available"

// findSchedules is $find of Schedule: which calendars have free time in a window, by the first of it.
func (m *Module) findSchedules(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	q := &quest{m: m, in: req.Input, now: m.config.Now(), caller: caller(ctx), snapshot: req.Tx == nil}
	first := make(map[string]time.Time)
	schedules := make(map[string]*fhir.Resource)
	err := m.view(ctx, req, func(tx fhir.Tx) (err error) {
		q.warnings = nil
		clear(first)
		if q.w, err = readWish(q.in); err != nil {
			return err
		}
		r := &resolver{m: m, tx: tx, in: q.in, w: q.w}
		if err := r.read(ctx); err != nil {
			return err
		}
		if len(q.w.whose) > 1 { // of either kind: nothing is joint here
			q.w.whose = [][]*target{slices.Concat(q.w.whose...)}
		}
		services, err := r.offered(ctx)
		if err != nil {
			return err
		}
		if len(q.w.whose) == 0 {
			if err := r.unnamed(ctx, services); err != nil {
				return err
			}
			q.w.open = false // rooms and devices too
		}
		if err := q.search(ctx, tx, services, q.w.window); err != nil {
			return err
		}
		for _, c := range q.found {
			s := c.agendas[0].schedule
			if at, known := first[s.ID()]; !known || c.start.Before(at) {
				first[s.ID()], schedules[s.ID()] = c.start, s
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b := &fhir.Bundle{Type: fhir.Searchset, Total: len(first), Links: []fhir.Link{{Relation: "self", URL: strings.Replace(selfLink(q.in), "Appointment/", "Schedule/", 1)}}}
	for id, at := range first {
		r, err := changed(schedules[id], func(o object) { extend(o, firstAvailable, object{"valueInstant": instant(at)}) })
		if err != nil {
			return nil, err
		}
		b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeMatch})
	}
	slices.SortFunc(b.Entries, func(x, y fhir.Entry) int {
		return cmp.Or(first[x.Resource.ID()].Compare(first[y.Resource.ID()]), strings.Compare(x.Resource.ID(), y.Resource.ID()))
	})
	if issues := q.remarks(); len(issues) > 0 {
		b.Entries = append(b.Entries, fhir.Entry{Resource: (&fhir.Outcome{Issues: issues}).Resource(), Mode: fhir.ModeOutcome})
	}
	return &fhir.Response{Bundle: b}, nil
}

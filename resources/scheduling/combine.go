package scheduling

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// combine makes the sets of Schedules that bookings can be in, of each kind that was asked for one, and their agendas. What cannot be booked at all because it
// is not active is left out. Other faults are warned of, and refused where nothing else is left. Errors: BusinessRule, TooCostly.
func (q *quest) combine(ctx context.Context, b *binder, services []*fhir.Resource) error {
	var fault error
	q.combos = nil
	agendas, seen := make(map[[2]string]*agenda), make(map[string]bool)
	failed := make(map[[2]string]bool)
	plan := func(s, h *fhir.Resource) (*agenda, error) {
		key := [2]string{s.ID(), h.ID()}
		if a := agendas[key]; a != nil || failed[key] {
			return a, nil
		}
		a, err := b.add(ctx, s, h)
		if err == nil {
			agendas[key] = a
			return a, nil
		}
		if failed[key] = true; fhir.CodeOf(err) != fhir.BusinessRule {
			return nil, err
		}
		if fhir.AsOutcome(err).Issues[0].Detail != "actor-inactive" {
			fault = q.warn(fault, err)
		}
		return nil, nil
	}
	for _, h := range services {
		kinds := make([][]*combo, len(q.w.whose)) // of each kind, what could stand alone
		for i, kind := range q.w.whose {
			people := q.w.open && slices.ContainsFunc(kind, func(t *target) bool { return fits(t.schedules[0], h) && person(t.schedules[0]) })
			for place, t := range kind {
				for _, s := range t.schedules {
					if !fits(s, h) || people && !person(s) {
						continue
					}
					a, err := plan(s, h)
					if err != nil {
						return err
					}
					if a == nil {
						continue
					}
					c := &combo{agendas: []*agenda{a}, rank: 1}
					if strings.HasPrefix(t.reference, "Practitioner") {
						c.rank = place + 1
					}
					kinds[i] = append(kinds[i], c)
				}
			}
		}
		for _, c := range product(kinds) {
			if len(q.combos) > maxCombos {
				return refuse(fhir.TooCostly, "range", "more than 1,000 combinations of who and where are asked about", "Parameters.parameter")
			}
			if err := c.agree(); err != nil {
				fault = q.warn(fault, err)
				continue
			}
			if key := c.name(); !seen[key] {
				seen[key] = true
				q.combos = append(q.combos, c)
			}
		}
	}
	if len(q.combos) == 0 && fault != nil {
		return fault
	}
	return nil
}

// warn remembers a fault that others may make up for; it returns the first one.
func (q *quest) warn(first, err error) error {
	issue := fhir.AsOutcome(err).Issues[0]
	issue.Severity = fhir.Warning
	if !slices.ContainsFunc(q.warnings, func(w fhir.Issue) bool { return w.Text == issue.Text }) && len(q.warnings) < 20 {
		q.warnings = append(q.warnings, issue)
	}
	if first == nil {
		return err
	}
	return first
}

// fits reports whether a Schedule is for a service.
func fits(s, h *fhir.Resource) bool { return shares(s.Root(), "serviceType", h.Root(), "type") }

// product are the sets with one of each kind; no more than are looked at, and one.
func product(kinds [][]*combo) []*combo {
	if len(kinds) == 0 {
		return nil
	}
	sets := kinds[0]
	for _, kind := range kinds[1:] {
		var wider []*combo
		for _, set := range sets {
			for _, one := range kind {
				c := &combo{agendas: slices.Clone(set.agendas), rank: max(set.rank, one.rank)}
				if !slices.Contains(c.agendas, one.agendas[0]) {
					c.agendas = append(c.agendas, one.agendas[0])
				}
				if wider = append(wider, c); len(wider) > maxCombos {
					return wider
				}
			}
		}
		sets = wider
	}
	return sets
}

// agree says whether the Schedules can be booked together.
func (c *combo) agree() error {
	first := c.agendas[0].resolved
	for _, a := range c.agendas[1:] {
		p := a.resolved
		if p.Duration != first.Duration || p.Interval != first.Interval || p.Offset%p.Interval != first.Offset%first.Interval {
			return refuse(fhir.BusinessRule, "incompatible-parameters", c.agendas[0].schedule.Reference()+" and "+a.schedule.Reference()+" do not agree on how long appointments are and when they begin", "Parameters.parameter")
		}
	}
	return nil
}

// name sets the combo's key and returns it with its service's.
func (c *combo) name() string {
	ids := make([]string, len(c.agendas))
	for i, a := range c.agendas {
		ids[i] = a.schedule.ID()
	}
	c.key = strings.Join(ids, ",") + " " + c.service().ID()
	slices.Sort(ids)
	return strings.Join(ids, ",") + " " + c.service().ID()
}

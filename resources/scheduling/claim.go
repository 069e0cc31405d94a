package scheduling

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// claim is a calendar that an Appointment takes time in.
type claim struct {
	schedule *fhir.Resource
	service  *fhir.Resource // nil = none of ours: only that nobody else has the time can be looked at
	own      *slot          // a Slot that was written for the Appointment before it; nil = there is none
}

// claims are the calendars that an Appointment takes time in: those that the operation, its Slots or its participants name. Participants without any
// have their calendar elsewhere. Errors: NotFound for a Schedule that there is not; BusinessRule slot-mismatch, outside-policy.
func (m *Module) claims(ctx context.Context, tx fhir.Tx, a *appointment, in *intent) ([]claim, error) {
	services, err := m.services(ctx, tx, a.root)
	if err != nil {
		return nil, err
	}
	named, own, err := m.namedSchedules(ctx, tx, a, in)
	if err != nil {
		return nil, err
	}
	var list []claim
	covered := make(map[string]bool)
	for _, s := range named {
		actor := actorOf(s)
		if !slices.Contains(a.actors, actor) {
			return nil, refuse(fhir.BusinessRule, "slot-mismatch", "a Slot is of "+s.Reference()+", whose actor does not take part", "Appointment.slot")
		}
		if covered[actor] {
			continue
		}
		covered[actor] = true
		list = append(list, claim{schedule: s, own: own[s.ID()]})
	}
	for _, actor := range a.actors {
		if covered[actor] || strings.HasPrefix(actor, "HealthcareService/") || strings.HasPrefix(actor, "RelatedPerson/") {
			continue
		}
		covered[actor] = true
		s, err := m.scheduleFor(ctx, tx, a, actor, services)
		if err != nil {
			return nil, err
		}
		if s != nil {
			list = append(list, claim{schedule: s})
		}
	}
	if len(list) == 0 && !a.past(m.config.Now()) {
		if err := m.actorsFree(ctx, tx, a); err != nil {
			return nil, err
		}
	}
	for i := range list {
		if list[i].service, err = m.serviceFor(ctx, tx, a, list[i].schedule, services); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(x, y claim) int { return strings.Compare(x.schedule.ID(), y.schedule.ID()) })
	return list, nil
}

// namedSchedules are the Schedules that the operation or the Slots of the Appointment name, with the Slots that have been written for it already.
func (m *Module) namedSchedules(ctx context.Context, tx fhir.Tx, a *appointment, in *intent) (list []*fhir.Resource, own map[string]*slot, err error) {
	var ids []string
	for _, text := range in.schedules {
		ids = append(ids, scheduleID(text))
	}
	for contained := range a.root.Each("contained") {
		if contained.Get("resourceType").Text() == "Slot" && len(in.schedules) == 0 {
			ids = append(ids, scheduleID(contained.Get("schedule").Get("reference").Text()))
		}
	}
	own = make(map[string]*slot)
	for _, text := range a.slots {
		ref := fhir.ParseReference(text)
		if ref.Type != "Slot" {
			continue
		}
		r, err := m.read(ctx, tx, "Slot", ref.ID)
		if err != nil || r == nil { // it comes later, or will be written for the Appointment
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		s := slotOf(r)
		if len(in.schedules) == 0 {
			ids = append(ids, s.schedule)
		}
		if s.booking() {
			own[s.schedule] = s
		}
	}
	for _, id := range ids {
		if slices.ContainsFunc(list, func(r *fhir.Resource) bool { return r.ID() == id }) {
			continue
		}
		r, err := m.read(ctx, tx, "Schedule", id)
		if err != nil {
			return nil, nil, err
		}
		if r == nil {
			return nil, nil, fhir.NewOutcome(fhir.NotFound, "there is no such Schedule", "Appointment.slot")
		}
		list = append(list, r)
	}
	return list, own, nil
}

// actorsFree refuses the time of somebody who has several Schedules, none of which the Appointment says to be its own: they cannot be in two places. It
// is on the calendar of each of them, without a Slot.
func (m *Module) actorsFree(ctx context.Context, tx fhir.Tx, a *appointment) error {
	for _, actor := range a.actors {
		schedules, err := m.found(ctx, tx, "Schedule", 1, fhir.Param{Name: "actor", Value: actor})
		if err != nil {
			return err
		}
		if len(schedules) == 0 {
			continue
		}
		others, err := m.during(ctx, tx, actor, a.start, a.end)
		if err != nil {
			return err
		}
		for _, other := range others {
			if other.id() != a.id() {
				r := &refusal{"slot-unavailable", fhir.Conflict, []string{other.r.Reference()}, "the time is taken"}
				return m.taken(ctx, tx, a, nil, r, schedules[0])
			}
		}
	}
	return nil
}

// services are the HealthcareServices that an Appointment is for: the ones that take part, or those of its visit type.
func (m *Module) services(ctx context.Context, tx fhir.Reader, root fhir.Element) (list []*fhir.Resource, err error) {
	for p := range root.Each("participant") {
		if ref := fhir.ParseReference(p.Get("actor").Get("reference").Text()); ref.Type == "HealthcareService" && ref.ID != "" {
			r, err := m.read(ctx, tx, ref.Type, ref.ID)
			if err != nil {
				return nil, err
			}
			if r != nil {
				list = append(list, r)
			}
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return m.servicesOf(ctx, tx, visitTypes(root, "serviceType"))
}

// servicesOf are the active HealthcareServices of visit types ("system|code"), by their ids.
func (m *Module) servicesOf(ctx context.Context, tx fhir.Reader, codes []string) ([]*fhir.Resource, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	tokens := slices.Clone(codes)
	for i, coding := range tokens {
		tokens[i] = visitType + "|" + search.Escape(strings.TrimPrefix(coding, visitType+"|"))
	}
	found, err := m.found(ctx, tx, "HealthcareService", 0, fhir.Param{Name: "service-type", Value: strings.Join(tokens, ",")})
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(r *fhir.Resource) bool { return r.Root().Get("active").Text() == "false" })
	slices.SortFunc(found, func(x, y *fhir.Resource) int { return strings.Compare(x.ID(), y.ID()) })
	return found, nil
}

// scheduleFor is the calendar of a participant: the one for the service, or the only one; nil where there is none, or where nothing says which.
func (m *Module) scheduleFor(ctx context.Context, tx fhir.Reader, a *appointment, actor string, services []*fhir.Resource) (*fhir.Resource, error) {
	found, err := m.found(ctx, tx, "Schedule", 0, fhir.Param{Name: "actor", Value: actor})
	if err != nil {
		return nil, err
	}
	active := slices.DeleteFunc(found, func(s *fhir.Resource) bool { return s.Root().Get("active").Text() == "false" })
	slices.SortFunc(active, func(x, y *fhir.Resource) int { return strings.Compare(x.ID(), y.ID()) })
	switch {
	case len(active) == 0:
		return nil, nil
	case len(services) == 0 && len(active) == 1:
		return active[0], nil
	case len(services) == 0:
		return nil, nil
	}
	for _, s := range active {
		if slices.ContainsFunc(services, func(h *fhir.Resource) bool { return shares(s.Root(), "serviceType", h.Root(), "type") }) {
			return s, nil
		}
	}
	return nil, refuse(fhir.BusinessRule, "outside-policy", "a participant has no Schedule for the service", "Appointment.participant")
}

// serviceFor is the service that an Appointment is for in a calendar: of several the one of its length. An Appointment that does not say is for one of
// the Schedule's; what it says in other words is not known here.
func (m *Module) serviceFor(ctx context.Context, tx fhir.Reader, a *appointment, schedule *fhir.Resource, services []*fhir.Resource) (*fhir.Resource, error) {
	if len(services) == 0 {
		if a.root.Get("serviceType").Exists() {
			return nil, nil
		}
		var err error
		if services, err = m.servicesOf(ctx, tx, visitTypes(schedule.Root(), "serviceType")); err != nil {
			return nil, err
		}
	}
	var first *fhir.Resource
	for _, h := range services {
		if !shares(schedule.Root(), "serviceType", h.Root(), "type") {
			continue
		}
		if first == nil {
			first = h
		}
		if p, err := m.resolve(ctx, tx, schedule, h); err == nil && a.end.Sub(a.start) == p.Duration {
			return h, nil
		}
	}
	if first == nil && len(services) > 0 && a.root.Get("serviceType").Exists() {
		return nil, refuse(fhir.BusinessRule, "outside-policy", schedule.Reference()+" is not for the service", "Appointment.serviceType")
	}
	return first, nil
}

// past reports whether an Appointment is over.
func (a *appointment) past(now time.Time) bool { return !a.end.After(now) }

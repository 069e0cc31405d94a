package scheduling

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// reschedule is our Appointment/[id]/$reschedule: the same appointment at another time, or with somebody else. When it fails nothing has changed.
func (m *Module) reschedule(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	waived, err := overrides(ctx, req.Input)
	if err != nil {
		return nil, err
	}
	start := moment(req.Input.Get("start").Value)
	if start.IsZero() {
		return nil, refuse(fhir.Value, "value", "start must be a dateTime with a time and a zone", "Parameters.parameter")
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		a, err := m.readOwn(ctx, tx, req.ID)
		if err != nil {
			return nil, err
		}
		if a.status != booked && a.status != pending || a.over(m.config.Now()) {
			return nil, m.spent(a)
		}
		schedules, err := m.rescheduled(ctx, tx, a, req.Input)
		if err != nil {
			return nil, err
		}
		services, err := m.services(ctx, tx, a.root)
		if err != nil {
			return nil, err
		}
		if len(services) == 0 && len(schedules) > 0 {
			return nil, refuse(fhir.BusinessRule, "service-ambiguous", "the appointment does not say for which service it is", "Appointment.serviceType")
		}
		r, err := m.moved(ctx, tx, a, start, schedules, req.Input)
		if err != nil {
			return nil, err
		}
		in := &intent{waived: waived}
		for _, s := range schedules {
			in.schedules = append(in.schedules, s.Reference())
		}
		done, err := m.put(intending(ctx, in), tx, r)
		if err == nil {
			err = m.evidence(ctx, tx, r.Reference(), "reschedule", waived)
		}
		return done, err
	}, bundled)
}

// rescheduled are the Schedules of an appointment from now on: those that the operation names, in the place of those with an actor of the same kind, and what
// is left of those that it has.
func (m *Module) rescheduled(ctx context.Context, tx fhir.Tx, a *appointment, in fhir.Parameters) (list []*fhir.Resource, err error) {
	claims, err := m.claims(ctx, tx, a, &intent{})
	if err != nil {
		return nil, err
	}
	kinds := make(map[string]bool)
	for p := range in.Each("schedule") {
		ref := fhir.ParseReference(p.Value.Get("reference").Text())
		s, err := m.read(ctx, tx, "Schedule", ref.ID)
		if err != nil {
			return nil, err
		}
		if ref.Type != "Schedule" || s == nil {
			return nil, fhir.NewOutcome(fhir.NotFound, "there is no such Schedule", "Parameters.parameter")
		}
		list = append(list, s)
		kinds[fhir.ParseReference(actorOf(s)).Type] = true
	}
	for _, c := range claims {
		if !kinds[fhir.ParseReference(actorOf(c.schedule)).Type] {
			list = append(list, c.schedule)
		}
	}
	return list, nil
}

// moved is an appointment at another time with the actors of other Schedules.
func (m *Module) moved(ctx context.Context, tx fhir.Tx, a *appointment, start time.Time, schedules []*fhir.Resource, in fhir.Parameters) (*fhir.Resource, error) {
	claims, err := m.claims(ctx, tx, a, &intent{})
	if err != nil {
		return nil, err
	}
	var before, after []string
	for _, c := range claims {
		before = append(before, actorOf(c.schedule))
	}
	for _, s := range schedules {
		after = append(after, actorOf(s))
	}
	return changed(a.r, func(o object) {
		delete(o, "slot")
		o["start"], o["end"] = instant(start), instant(start.Add(a.end.Sub(a.start)))
		var participants []any
		old, _ := o["participant"].([]any)
		for _, p := range old {
			if actor := actorIn(p); !slices.Contains(before, actor) || slices.Contains(after, actor) {
				participants = append(participants, p)
			}
		}
		for _, actor := range after {
			if !slices.ContainsFunc(participants, func(p any) bool { return actorIn(p) == actor }) {
				participants = append(participants, object{"actor": reference(actor), "required": "required", "status": "accepted"})
			}
		}
		o["participant"] = participants
		if reason, is := fhir.Tree(in.Get("reason").Value).(object); is {
			o["reasonCode"] = append(reasonsOf(o), reason)
		}
	})
}

func reasonsOf(o object) []any {
	reasons, _ := o["reasonCode"].([]any)
	return reasons
}

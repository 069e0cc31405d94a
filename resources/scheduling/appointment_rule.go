package scheduling

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// appointmentRule is the engine of booking: it refuses an Appointment whose time cannot be had, and keeps the Slots of those whose time can. Whatever
// way an Appointment is written, this is what happens.
func (m *Module) appointmentRule(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	before, after := appointmentOf(c.Before), appointmentOf(c.After)
	if after == nil {
		return nil, m.release(ctx, c.Tx, before)
	}
	if before != nil && fhir.IsMerging(ctx) { // another patient, and nothing else
		return nil, nil
	}
	if err := m.transition(ctx, c.Tx, before, after); err != nil {
		return nil, err
	}
	switch {
	case after.blocking():
		return m.occupy(ctx, c.Tx, before, after)
	case after.status == waiting && (before == nil || before.status != waiting):
		if err := m.waits(ctx, c.Tx, after); err != nil {
			return nil, err
		}
	}
	switch freed := after.status == cancelled || after.status == mistaken || after.status == waiting; {
	case before == nil, before.status == after.status && !before.blocking():
		return nil, nil
	case freed:
		return m.freed(ctx, c.Tx, before, after)
	case len(after.slots) == 0 && len(before.slots) > 0: // what has taken place keeps its time
		return changed(c.After, func(o object) { o["slot"] = fhir.Tree(before.root.Get("slot")) })
	}
	return nil, nil
}

// occupy sees to the time of a blocking Appointment.
func (m *Module) occupy(ctx context.Context, tx fhir.Tx, before, after *appointment) (*fhir.Resource, error) {
	now, in := m.config.Now(), intentOf(ctx)
	switch {
	case after.start.IsZero() || after.end.IsZero():
		return nil, refuse(fhir.Required, "required", "an Appointment that takes time needs its start and end", "Appointment.start")
	case !after.end.After(after.start) || after.end.Sub(after.start) > longest:
		return nil, refuse(fhir.Value, "value", "the end of an Appointment must be after its start, by two days at most", "Appointment.end")
	case before != nil && before.occupies(now) && after.alike(before):
		return m.kept(ctx, tx, before, after)
	case before != nil && before.over(now):
		return nil, refuse(fhir.Conflict, "hold-expired", "the hold has expired: hold or book a time again", "Appointment.status")
	}
	claims, err := m.claims(ctx, tx, after, in)
	if err != nil {
		return nil, err
	}
	foreign := !slices.ContainsFunc(claims, func(c claim) bool { return c.service != nil })
	if len(claims) == 0 || foreign && after.past(now) { // a calendar that is kept elsewhere, or history
		return nil, nil
	}
	if len(after.patients) == 0 && after.status == booked && !foreign {
		return nil, refuse(fhir.Required, "required", "an Appointment needs a patient", "Appointment.participant")
	}
	status, err := m.open(ctx, before, after, claims)
	if err != nil {
		return nil, err
	}
	if err := m.patientsFree(ctx, tx, before, after, in); err != nil {
		return nil, err
	}
	strict := before == nil || before.status == waiting || before.status == proposed || !before.start.Equal(after.start) || !before.end.Equal(after.end) || !sameSet(before.actors, after.actors)
	if after.status == arrived || after.status == checkedIn { // who is here is here, on whatever grid
		strict = false
	}
	hold, err := m.calendarsFree(ctx, tx, before, after, claims, strict)
	if err != nil {
		return nil, err
	}
	return m.enter(ctx, tx, before, after, claims, status, hold)
}

// open refuses patients what they may not book themselves, and makes a request of what they may ask for. It returns the status that comes of it.
func (m *Module) open(ctx context.Context, before, after *appointment, claims []claim) (string, error) {
	if staff(ctx) || trusted(ctx) {
		return after.status, nil
	}
	for _, c := range claims {
		if c.service == nil {
			return "", refuse(fhir.Forbidden, "patient-booking", "patients cannot book this themselves", "Appointment.serviceType")
		}
		switch extension(c.service.Root(), patientBooking).Get("valueCode").Text() {
		case "instant":
		case "request":
			if after.status == booked {
				return pending, nil
			}
		default:
			return "", refuse(fhir.Forbidden, "patient-booking", "patients cannot book this service themselves", "Appointment.serviceType")
		}
	}
	return after.status, nil
}

// patientsFree refuses a time at which one of the patients has another appointment.
func (m *Module) patientsFree(ctx context.Context, tx fhir.Tx, before, after *appointment, in *intent) error {
	if in.waived[ruleOverlap] != "" || before != nil && before.blocking() && before.start.Equal(after.start) && before.end.Equal(after.end) && sameSet(before.patients, after.patients) {
		return nil
	}
	for _, patient := range after.patients {
		others, err := m.during(ctx, tx, patient, after.start, after.end)
		if err != nil {
			return err
		}
		for _, other := range others {
			if other.id() == after.id() {
				continue
			}
			o := refuse(fhir.Conflict, ruleOverlap, "the patient has another appointment at this time", "Appointment.start")
			if staff(ctx) {
				o.Issues[0].Diagnostics = diagnostics(object{"blocking": list(other.r.Reference())})
			}
			return o
		}
	}
	return nil
}

// during are the Appointments that take somebody's time within a span.
func (m *Module) during(ctx context.Context, tx fhir.Reader, actor string, start, end time.Time) (found []*appointment, err error) {
	now := m.config.Now()
	all, err := m.found(ctx, tx, "Appointment", 0, fhir.Param{Name: "actor", Value: actor}, fhir.Param{Name: "status", Value: "pending,booked,arrived,checked-in"},
		fhir.Param{Name: "date", Value: "lt" + instant(end)}, fhir.Param{Name: "date", Value: "ge" + instant(start.Add(-longest))})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if a := appointmentOf(r); a.occupies(now) && a.start.Before(end) && start.Before(a.end) {
			found = append(found, a)
		}
	}
	return found, nil
}

// calendarsFree refuses a time that cannot be had in one of the calendars, and returns how long it can be held. Where not strict only that the time
// is free counts.
func (m *Module) calendarsFree(ctx context.Context, tx fhir.Tx, before, after *appointment, claims []claim, strict bool) (time.Duration, error) {
	now, in := m.config.Now(), intentOf(ctx)
	ignore := []string{"Appointment/" + after.id()}
	for _, c := range claims {
		if c.own == nil {
			continue
		}
		other, err := m.owner(ctx, tx, c.own)
		if err != nil {
			return 0, err
		}
		switch {
		case other == nil && (!c.own.start.Equal(after.start) || !c.own.end.Equal(after.end)):
			return 0, refuse(fhir.BusinessRule, "slot-mismatch", "a Slot of an Appointment must have its start and end", "Appointment.slot")
		case other == nil:
			ignore = append(ignore, c.own.r.Reference())
		case other.id() != after.id() && other.occupies(now):
			return 0, m.taken(ctx, tx, after, claims, &refusal{"slot-unavailable", fhir.Conflict, []string{other.r.Reference()}, "the Slot is another Appointment's"}, c.schedule)
		}
	}
	hold := maxHold
	for _, c := range claims {
		var r *refusal
		if c.service == nil || !strict {
			var err error
			if r, err = m.unoccupied(ctx, tx, after, c, ignore); err != nil {
				return 0, err
			}
		} else {
			plan, err := m.agenda(ctx, tx, c.schedule, c.service, span{after.start, after.end}, ignore...)
			if err != nil {
				return 0, err
			}
			hold = min(hold, plan.parameters().hold)
			if len(plan.parameters().Limits) > 0 {
				if err := m.inTurn(ctx, tx, "limit", c.schedule.ID()); err != nil {
					return 0, err
				}
			}
			r = plan.check(after.start, after.end, now, in.waives())
		}
		if r != nil {
			return 0, m.taken(ctx, tx, after, claims, r, c.schedule)
		}
	}
	return hold, nil
}

// unoccupied refuses a time that somebody else has, and looks at nothing else.
func (m *Module) unoccupied(ctx context.Context, tx fhir.Tx, a *appointment, c claim, ignore []string) (*refusal, error) {
	taken, err := m.slotsOf(ctx, tx, c.schedule.ID(), a.start, a.end)
	if err != nil {
		return nil, err
	}
	room := 1
	if c.service != nil {
		if p, err := m.resolve(ctx, tx, c.schedule, c.service); err == nil {
			room = max(p.Capacity, 1)
		}
	}
	r := &refusal{detail: "slot-unavailable", code: fhir.Conflict, text: "the time is taken"}
	for _, s := range taken {
		of := extension(s.r.Root(), slotAppointment).Get("valueReference").Get("reference").Text()
		if slices.Contains(ignore, s.r.Reference()) || slices.Contains(ignore, of) || slices.Contains(a.slots, s.r.Reference()) && of == "" {
			continue
		}
		if room--; !s.booking() {
			room = 0
		}
		r.blocking = append(r.blocking, s.r.Reference())
	}
	if len(r.blocking) > 0 && room <= 0 {
		return r, nil
	}
	return nil, nil
}

package scheduling

import (
	"context"

	"andiron.dev/fhir"
)

// slotRule keeps a Slot that is written by itself from taking what is taken, and the Slots of Appointments from anybody but the Appointments.
func (m *Module) slotRule(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if managed(ctx) {
		return nil, nil
	}
	before, after := slotOf(c.Before), slotOf(c.After)
	if before != nil && (after == nil || !after.same(before)) {
		if err := m.unmanaged(ctx, c.Tx, before); err != nil {
			return nil, err
		}
	}
	now := m.config.Now()
	if after == nil || before != nil && after.same(before) || !after.booking() || !after.takes(now) || !after.end.After(now) {
		return nil, nil // an absence takes time from whoever has it: what to do about them is theirs to decide
	}
	if !after.end.After(after.start) || after.end.Sub(after.start) > longest {
		return nil, refuse(fhir.Value, "value", "the end of a Slot that is busy must be after its start, by two days at most", "Slot.end")
	}
	owner, err := m.owner(ctx, c.Tx, after)
	if err != nil {
		return nil, err
	}
	if owner.blocking() {
		if owner.start.Equal(after.start) && owner.end.Equal(after.end) { // it comes after its Appointment, which has looked already
			return nil, nil
		}
		return nil, slotManaged()
	}
	return nil, m.overlap(ctx, c.Tx, after)
}

// unmanaged refuses to change the Slot of an Appointment.
func (m *Module) unmanaged(ctx context.Context, tx fhir.Tx, s *slot) error {
	if s.status == "free" {
		return nil
	}
	owner, err := m.owner(ctx, tx, s)
	if err != nil || owner == nil || owner.status == cancelled || owner.status == mistaken {
		return err
	}
	return slotManaged()
}

func slotManaged() error {
	return refuse(fhir.BusinessRule, "slot-managed", "the Slot belongs to an Appointment: change or cancel that", "Slot")
}

// overlap refuses more bookings than the calendar has room for.
func (m *Module) overlap(ctx context.Context, tx fhir.Tx, s *slot) error {
	schedule, err := m.read(ctx, tx, "Schedule", s.schedule)
	if err != nil || schedule == nil {
		return err
	}
	types := visitTypes(s.r.Root(), "serviceType")
	if len(types) == 0 {
		types = visitTypes(schedule.Root(), "serviceType")
	}
	services, err := m.servicesOf(ctx, tx, types)
	if err != nil {
		return err
	}
	room := 1
	var service *fhir.Resource
	for _, h := range services {
		if p, err := m.resolve(ctx, tx, schedule, h); err == nil && p.Duration == s.end.Sub(s.start) {
			room, service = max(p.Capacity, 1), h
			break
		}
	}
	taken, err := m.slotsOf(ctx, tx, s.schedule, s.start, s.end)
	if err != nil {
		return err
	}
	r := &refusal{detail: "slot-unavailable", code: fhir.Conflict, text: "the time is taken"}
	for _, other := range taken {
		if other.r.ID() == s.r.ID() {
			continue
		}
		if room--; !other.booking() {
			room = 0
		}
		r.blocking = append(r.blocking, other.r.Reference())
	}
	if len(r.blocking) > 0 && room <= 0 {
		return m.taken(ctx, tx, &appointment{start: s.start, end: s.end}, []claim{{schedule: schedule, service: service}}, r, schedule)
	}
	return m.undocumented(ctx, tx, s, schedule, service)
}

// undocumented refuses the time of an Appointment that has no Slot in the calendar.
func (m *Module) undocumented(ctx context.Context, tx fhir.Tx, s *slot, schedule, service *fhir.Resource) error {
	actor := actorOf(schedule)
	if actor == "" {
		return nil
	}
	others, err := m.during(ctx, tx, actor, s.start, s.end)
	if err != nil {
		return err
	}
	for _, a := range others {
		if len(a.slots) > 0 {
			continue
		}
		r := &refusal{detail: "slot-unavailable", code: fhir.Conflict, text: "the time is taken", blocking: []string{a.r.Reference()}}
		return m.taken(ctx, tx, &appointment{start: s.start, end: s.end}, []claim{{schedule: schedule, service: service}}, r, schedule)
	}
	return nil
}

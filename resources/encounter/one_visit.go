package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// appointmentsOf are the appointments that a visit is for: "Appointment/1".
func (m *Module) appointmentsOf(r *fhir.Resource) (list []string) {
	if r == nil {
		return nil
	}
	for e := range r.Root().Each("appointment") {
		if ref, ok := m.local(e.Get("reference").Text()); ok && ref.Type == "Appointment" {
			list = append(list, ref.Relative())
		}
	}
	return list
}

func visitGuard(appointment string) string { return "ident:Encounter:" + hashed(appointment) }

// appointmentGuards are those of the appointments that a visit is for.
func (m *Module) appointmentGuards(_, after *fhir.Resource) (list []string, err error) {
	for _, a := range m.appointmentsOf(after) {
		list = append(list, visitGuard(a))
	}
	return list, nil
}

// oneVisit is the rule that an appointment leads to one visit. What has ended before it came here is history, and stored as it is. Error: Duplicate.
func (m *Module) oneVisit(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil || !open(c.After.Root().Get("status").Text()) {
		return nil, nil
	}
	before := m.appointmentsOf(c.Before)
	for _, a := range m.appointmentsOf(c.After) {
		known := false
		for _, b := range before {
			known = known || a == b
		}
		if known {
			continue
		}
		other, err := m.visitOf(ctx, c.Tx, a)
		if err != nil {
			return nil, err
		}
		if other != nil && other.ID() != c.After.ID() {
			return nil, refused(fhir.Duplicate, "already-arrived", "there is a visit for this appointment already", "Encounter.appointment")
		}
	}
	return nil, nil
}

// visitOf is the visit that an appointment has led to; nil = none, or none that counts.
func (m *Module) visitOf(ctx context.Context, tx fhir.Tx, appointment string) (found *fhir.Resource, err error) {
	err = m.find(ctx, tx, "Encounter", fhir.Params{{Name: "appointment", Value: appointment}}, func(r *fhir.Resource) bool {
		if status := r.Root().Get("status").Text(); status != cancelled && status != mistaken {
			found = r
		}
		return found == nil
	})
	return found, err
}

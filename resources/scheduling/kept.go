package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// kept is an Appointment that keeps its time. A hold that is confirmed is one no longer.
func (m *Module) kept(ctx context.Context, tx fhir.Tx, before, after *appointment) (*fhir.Resource, error) {
	expires, status := time.Time{}, after.status
	if after.status == pending {
		expires = before.expires
	}
	if before.status == pending && after.status != pending {
		if len(after.patients) == 0 && len(before.slots) > 0 {
			return nil, refuse(fhir.Required, "required", "an Appointment needs a patient", "Appointment.participant")
		}
		asks, err := m.mayConfirm(ctx, tx, before)
		if err != nil {
			return nil, err
		}
		if asks {
			expires, status = m.config.Now().Add(requestTime), pending
		}
		if err := m.firm(ctx, tx, before, expires); err != nil {
			return nil, err
		}
	}
	r, err := changed(after.r, func(o object) {
		if delete(o, "slot"); len(before.slots) > 0 {
			o["slot"] = fhir.Tree(before.root.Get("slot"))
		}
		o["status"] = status
		m.mark(o, expires)
		if x := extension(before.root, virtualExtension); x.Exists() {
			own, _ := fhir.Tree(x).(object)
			extend(o, virtualExtension, own)
		}
	})
	if err == nil && status != after.status {
		err = m.ask(ctx, tx, r, expires)
	}
	return r, err
}

// firm makes bookings of the Slots of a hold, or lets them expire at another time.
func (m *Module) firm(ctx context.Context, tx fhir.Tx, a *appointment, expires time.Time) error {
	for _, id := range m.slotIDs(a) {
		r, err := m.read(ctx, tx, "Slot", id)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		next, err := changed(r, func(o object) {
			m.mark(o, expires)
			if o["status"] == "busy-tentative" && expires.IsZero() {
				o["status"] = "busy"
			}
		})
		if err == nil {
			_, err = tx.Put(managing(ctx), next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mayConfirm refuses patients the confirmation of what they have asked for already. It reports whether a time that they hold becomes something they ask for,
// because staff books the service. What was offered to them they may take.
func (m *Module) mayConfirm(ctx context.Context, tx fhir.Tx, a *appointment) (asks bool, err error) {
	if staff(ctx) || trusted(ctx) {
		return false, nil
	}
	services, err := m.services(ctx, tx, a.root)
	if err != nil {
		return false, err
	}
	for _, h := range services {
		if extension(h.Root(), patientBooking).Get("valueCode").Text() == "instant" {
			continue
		}
		held, err := m.heldAs(ctx, tx, a.id())
		switch {
		case err != nil:
			return false, err
		case held.Caller == offeredHere:
			continue
		case held.Caller == "":
			return false, refuse(fhir.Forbidden, "patient-booking", "the appointment has been asked for, and staff has to confirm it", "Appointment.status")
		}
		return true, tx.Drop(smart.System(ctx), recordHold, a.id())
	}
	return false, nil
}

// offeredHere is whose hold a time is that was offered to who waits.
const offeredHere = "waitlist"

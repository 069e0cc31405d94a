package scheduling

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// responseRule has an AppointmentResponse take effect on its Appointment: the participant's status is what was answered, and an appointment that its
// patient declines is cancelled.
func (m *Module) responseRule(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil || c.Before != nil && c.Before.Root().Get("participantStatus").Text() == c.After.Root().Get("participantStatus").Text() {
		return nil, nil
	}
	root := c.After.Root()
	ref, actor := fhir.ParseReference(root.Get("appointment").Get("reference").Text()), fhir.ParseReference(root.Get("actor").Get("reference").Text()).Relative()
	status := root.Get("participantStatus").Text()
	if ref.Type != "Appointment" || ref.ID == "" || !slices.Contains([]string{"accepted", "declined", "tentative", "needs-action"}, status) {
		return nil, nil
	}
	r, err := m.read(ctx, c.Tx, ref.Type, ref.ID)
	a := appointmentOf(r)
	if err != nil || a == nil || !slices.Contains([]string{proposed, pending, booked}, a.status) {
		return nil, err
	}
	declined := status == "declined" && slices.Contains(a.patients, actor)
	next, err := changed(r, func(o object) {
		participants, _ := o["participant"].([]any)
		for _, p := range participants {
			if one, is := p.(object); is && actor != "" && fhir.ParseReference(actorIn(p)).Relative() == actor {
				one["status"] = status
			}
		}
		if declined {
			o["status"] = cancelled
			o["cancelationReason"] = concept(cancellationReason, "pat-crs", "Patient: Canceled via automated reminder system")
		}
	})
	if err != nil || r.Same(next) {
		return nil, err
	}
	_, err = c.Tx.Put(smart.System(ctx), next)
	return nil, err
}

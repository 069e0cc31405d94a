package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// taskType is the code system of what Tasks are about.
const taskType = fhir.CanonicalBase + "/CodeSystem/task-type"

// task places a Task for people.
func (m *Module) task(ctx context.Context, tx fhir.Tx, code, text, focus string, patients []string, until time.Time) error {
	o := object{
		"resourceType": "Task", "id": m.config.NewID(), "status": "requested", "intent": "order", "priority": "routine", "code": concept(taskType, code, text),
		"focus": reference(focus), "authoredOn": instant(m.config.Now()), "lastModified": instant(m.config.Now()),
	}
	if len(patients) > 0 {
		o["for"] = reference(patients[0])
	}
	if !until.IsZero() {
		o["executionPeriod"] = object{"start": instant(m.config.Now()), "end": instant(until)}
	}
	r, err := build(o)
	if err == nil {
		_, err = tx.Create(smart.System(ctx), r)
	}
	return err
}

// ask has the front desk answer a patient who has asked for an appointment.
func (m *Module) ask(ctx context.Context, tx fhir.Tx, r *fhir.Resource, until time.Time) error {
	return m.task(ctx, tx, "confirm-appointment", "A patient asks for this appointment: confirm or cancel it", r.Reference(), appointmentOf(r).patients, until)
}

// tell asks for a message to the patients of an appointment.
func (m *Module) tell(ctx context.Context, tx fhir.Tx, a *appointment, category, text string) error {
	for _, patient := range a.patients {
		r, err := build(object{
			"resourceType": "CommunicationRequest", "id": m.config.NewID(), "status": "active", "category": list(concept(fhir.CanonicalBase+"/CodeSystem/communication-category", category, "")),
			"priority": "routine", "subject": reference(patient), "recipient": list(reference(patient)), "about": list(reference("Appointment/" + a.id())),
			"payload": list(object{"contentString": text}), "authoredOn": instant(m.config.Now()), "occurrenceDateTime": instant(m.config.Now()),
		})
		if err == nil {
			_, err = tx.Create(smart.System(ctx), r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

package automation

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// remember is what a reminder needs to know.
type remember struct {
	appointment, patient *fhir.Resource // patient nil = there is none, or several
	start                time.Time
	zone                 *time.Location
	place, template      string
	channels             []channel
}

// remind carries out a Task appointment-reminder: a CommunicationRequest is placed, a message is sent, and a Communication says so. There is one
// Communication for a reminder, whatever happens in between: ids are made of what it is about.
func (m *Module) remind(ctx context.Context, task *fhir.Resource, _ int) (*result, error) {
	var r *remember
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		r, err = m.remembered(ctx, tx, task)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r == nil {
		return &result{status: "cancelled", reason: superseded, detail: "The appointment is over, or is not booked for that time any more"}, nil
	}
	if r.patient == nil || len(r.channels) == 0 {
		return m.unreached(ctx, task, "no-channel", "There is no way to reach the patient that the patient has agreed to")
	}
	c := r.channels[0]
	request := m.communicationRequest(task, r, c)
	if err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error { return m.store(ctx, tx, request, nil) }); err != nil {
		return nil, err
	}
	id := "reminder-" + digest(task.ID())
	message := &Message{ID: id, Time: m.config.Now().UTC(), Medium: c.medium, To: c.to, Text: reminderText(r.template, r.start.In(r.zone), r.place)}
	if c.medium == "email" {
		message.Subject = "Your appointment"
	}
	if err := m.config.Senders[c.medium].Send(ctx, message); err != nil {
		return nil, fhir.Internal(err)
	}
	done := m.communication(task, r, c.medium)
	done["status"], done["sent"], done["payload"] = "completed", instant(m.config.Now()), request["payload"]
	done["basedOn"] = list(reference("CommunicationRequest/" + request["id"].(string)))
	request["status"] = "completed"
	return &result{write: []object{request, done}, output: []string{"Communication/" + id, "CommunicationRequest/" + request["id"].(string)}}, nil
}

// remembered reads what a reminder is about; nil where the appointment is not booked for that time any more, or it has come.
func (m *Module) remembered(ctx context.Context, tx fhir.Tx, task *fhir.Resource) (*remember, error) {
	r := &remember{}
	var err error
	if r.appointment, err = m.resolve(ctx, tx, task.Root().Get("focus").Get("reference").Text()); err != nil || r.appointment == nil {
		return nil, err
	}
	root := r.appointment.Root()
	start, ok := fhir.ParseTemporal(root.Get("start").Text(), time.UTC)
	if r.appointment.Type() != "Appointment" || root.Get("status").Text() != "booked" || !ok {
		return nil, nil
	}
	r.start = start.Low
	if asked, ok := inputTime(task, "start"); ok && !asked.Equal(r.start) || !r.start.After(m.config.Now()) {
		return nil, nil
	}
	if patient := patientOf(r.appointment); patient != "" {
		if r.patient, err = m.resolve(ctx, tx, patient); err != nil {
			return nil, err
		}
	}
	if r.patient != nil {
		if r.channels, err = m.channels(ctx, tx, r.patient); err != nil {
			return nil, err
		}
	}
	if r.place, err = m.place(ctx, tx, r.appointment); err != nil {
		return nil, err
	}
	if r.zone, err = m.zone(ctx, tx, task, ""); err != nil {
		return nil, err
	}
	if r.zone == nil {
		r.zone = time.UTC
	}
	r.template, err = m.template(ctx, tx, task)
	return r, err
}

// place is the name of where an appointment is.
func (m *Module) place(ctx context.Context, tx fhir.Tx, appointment *fhir.Resource) (string, error) {
	for p := range appointment.Root().Each("participant") {
		actor := p.Get("actor")
		if fhir.ParseReference(actor.Get("reference").Text()).Type != "Location" {
			continue
		}
		if display := actor.Get("display").Text(); display != "" {
			return display, nil
		}
		r, err := m.resolve(ctx, tx, actor.Get("reference").Text())
		if err != nil || r == nil {
			return "", err
		}
		return r.Root().Get("name").Text(), nil
	}
	return "", nil
}

// template is the text that the ActivityDefinition behind a timer gives.
func (m *Module) template(ctx context.Context, tx fhir.Tx, task *fhir.Resource) (string, error) {
	var record timerRecord
	if err := load(ctx, tx, recordTimer, task.ID(), &record); err != nil {
		return "", err
	}
	r := m.state.rules[record.Rule]
	if r == nil {
		return "", nil
	}
	a := r.find(record.Action)
	if a == nil || !a.Get("definitionCanonical").Exists() {
		return "", nil
	}
	d, err := m.define(ctx, tx, r.resource, a.Get("definitionCanonical").Text())
	if err != nil || d.resource == nil {
		return "", nil // the text that there always is will do
	}
	return extension(d.resource.Root(), fhir.CanonicalBase+"/StructureDefinition/message-template").Get("valueString").Text(), nil
}

// communicationRequest is the request to send a reminder.
func (m *Module) communicationRequest(task *fhir.Resource, r *remember, c channel) object {
	o := object{
		"resourceType": "CommunicationRequest", "id": "reminder-" + digest(task.ID(), "request"), "status": "active", "authoredOn": instant(m.config.Now()),
		"category": list(coded("task-type", taskReminder, "Reminder")), "medium": list(medium(c.medium)), "basedOn": list(reference(task.Reference())),
		"about": list(reference(r.appointment.Reference())), "occurrenceDateTime": instant(m.config.Now()),
		"payload": list(object{"contentString": reminderText(r.template, r.start.In(r.zone), r.place)}),
		"subject": reference(r.patient.Reference()), "recipient": list(reference(r.patient.Reference())),
	}
	if rule := task.Root().Get("instantiatesCanonical").Text(); rule != "" {
		o["extension"] = list(object{"url": "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical", "valueCanonical": rule})
	}
	return o
}

func medium(code string) object {
	v3 := map[string]string{"sms": "SMSWRIT", "email": "EMAILWRIT"}[code]
	return object{"coding": list(object{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "code": v3}), "text": code}
}

// communication is what there is one of for a reminder.
func (m *Module) communication(task *fhir.Resource, r *remember, by string) object {
	offset := ""
	if key := input(task, "action-id").Get("valueString").Text(); key != "" {
		offset = key
	}
	o := object{
		"resourceType": "Communication", "id": "reminder-" + digest(task.ID()),
		"identifier": list(object{"system": fhir.CanonicalBase + "/sid/reminder", "value": task.Root().Get("focus").Get("reference").Text() + ":" + r.at() + ":" + offset + ":" + by}),
		"category":   list(coded("task-type", taskReminder, "Reminder")), "partOf": list(reference(task.Reference())),
		"about": list(reference(task.Root().Get("focus").Get("reference").Text())),
	}
	if by != "none" {
		o["medium"] = list(medium(by))
	}
	if rule := task.Root().Get("instantiatesCanonical").Text(); rule != "" {
		o["instantiatesCanonical"] = list(rule)
	}
	if patient := task.Root().Get("for").Get("reference").Text(); fhir.ParseReference(patient).Type == "Patient" {
		o["subject"], o["recipient"] = reference(patient), list(reference(patient))
	}
	return o
}

func (r *remember) at() string {
	if r == nil {
		return ""
	}
	return instant(r.start)
}

// unreached is what is left when no message can be sent: a Communication that has not been done, and a Task for somebody to call.
func (m *Module) unreached(ctx context.Context, task *fhir.Resource, reason, why string) (*result, error) {
	var r *remember
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		r, err = m.remembered(ctx, tx, task)
		return err
	})
	if err != nil {
		return nil, err
	}
	by := "none"
	if r != nil && len(r.channels) > 0 {
		by = r.channels[0].medium
	}
	missed := m.communication(task, r, by)
	missed["status"], missed["statusReason"] = "not-done", coded("automation-action", reason, why)
	call := object{
		"resourceType": "Task", "id": "call-" + digest(task.ID()), "status": "requested", "intent": "order", "code": coded("task-type", "call-patient", "Call the patient"),
		"description": "Remind the patient of the appointment by telephone", "authoredOn": instant(m.config.Now()),
		"focus": fhir.Tree(task.Root().Get("focus")), "partOf": list(reference(task.Reference())), "reasonCode": object{"text": why},
	}
	carry(call, task.Root(), "for", "instantiatesCanonical")
	return &result{write: []object{missed, call}, output: []string{"Communication/" + missed["id"].(string), "Task/" + call["id"].(string)}}, nil
}

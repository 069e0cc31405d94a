package scheduling

import (
	"cmp"
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// source is what an operation is to book: an offer, an Appointment that is stored, or one that it has been given.
type source struct {
	given     object       // the Appointment to write, without id; nil where there is a stored one
	stored    *appointment // the stored one
	schedules []string     // references to the Schedules of an offer
	offer     string       // its id
}

// sourceOf reads the parameters that say what is to be booked, under the names that IHE, Argonaut and Medplum have for them. Errors: Invalid
// where there is none, or more than one; NotFound offer-expired.
func (m *Module) sourceOf(ctx context.Context, tx fhir.Tx, in fhir.Parameters) (*source, error) {
	ref, resource := in.Get("appointment-reference"), in.Get("appointment-resource")
	for _, name := range []string{"appt-id"} {
		if !ref.Value.Exists() {
			ref = in.Get(name)
		}
	}
	for _, name := range []string{"appt-resource", "appointment"} {
		if !resource.Value.Exists() {
			resource = in.Get(name)
		}
	}
	switch {
	case ref.Value.Exists() == resource.Value.Exists():
		return nil, refuse(fhir.Invalid, "invalid", "the operation needs appointment-reference or appointment-resource, and not both", "Parameters.parameter")
	case ref.Value.Exists():
		text := cmp.Or(ref.Value.Get("reference").Text(), ref.Value.Text())
		id := text
		if r := fhir.ParseReference(text); r.Type == "Appointment" {
			id = r.ID
		}
		return m.sourceAt(ctx, tx, id)
	}
	a := readAppointment(resource.Value)
	s := &source{given: objectOf(resource.Value), schedules: containedSchedules(resource.Value)}
	if id := resource.Value.Get("id").Text(); id != "" {
		stored, err := m.readOwn(ctx, tx, id)
		if code := fhir.CodeOf(err); err != nil && code != fhir.NotFound && code != fhir.Deleted {
			return nil, err
		}
		if s.stored = stored; stored == nil && (a.status == booked || a.status == cancelled) {
			return nil, fhir.NewOutcome(fhir.NotFound, "there is no such Appointment", "Parameters.parameter")
		}
	}
	return s, nil
}

// sourceAt is what an id names: a stored Appointment or an offer.
func (m *Module) sourceAt(ctx context.Context, tx fhir.Tx, id string) (*source, error) {
	stored, err := m.readOwn(ctx, tx, id)
	switch code := fhir.CodeOf(err); {
	case err == nil:
		return &source{stored: stored}, nil
	case code != fhir.NotFound && code != fhir.Deleted && code != fhir.Forbidden:
		return nil, err
	}
	o, err := m.offer(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	s := &source{given: objectOf(o.appointment.Root()), offer: id}
	for _, one := range o.schedules {
		s.schedules = append(s.schedules, one.Reference())
	}
	return s, nil
}

// containedSchedules are the Schedules that the contained Slots of an offer are of.
func containedSchedules(root fhir.Element) (list []string) {
	for c := range root.Each("contained") {
		if ref := c.Get("schedule").Get("reference").Text(); c.Get("resourceType").Text() == "Slot" && scheduleID(ref) != "" {
			list = append(list, ref)
		}
	}
	return list
}

// appointment is what is to be written: the stored Appointment, or a new one, with a status.
func (s *source) appointment(id, status string) object {
	o := s.given
	if s.stored != nil {
		o = objectOf(s.stored.root)
	} else {
		for _, name := range []string{"slot", "contained", "cancelationReason", "created"} {
			delete(o, name)
		}
		for _, url := range []string{ours + "offer-expires", ours + "hold-expires", virtualExtension} {
			extend(o, url, nil)
		}
		o["id"] = id
	}
	o["status"] = status
	return o
}

// patientsOf are the references to the patients that an operation names; for somebody who is a patient and names none, themselves.
func patientsOf(ctx context.Context, in fhir.Parameters) (list []string) {
	for _, name := range []string{"patient-reference", "patient-id"} {
		for p := range in.Each(name) {
			text := cmp.Or(p.Value.Get("reference").Text(), p.Value.Text())
			if ref := fhir.ParseReference(text); ref.Type == "Patient" {
				text = ref.Relative()
			} else if fhir.ValidID(text) {
				text = "Patient/" + text
			}
			if !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	if p := smart.From(ctx); len(list) == 0 && p != nil && p.Patient != "" && !staff(ctx) {
		list = append(list, "Patient/"+p.Patient)
	}
	return list
}

// known refuses patients that there are not.
func (m *Module) known(ctx context.Context, tx fhir.Tx, patients []string) error {
	for _, text := range patients {
		ref := fhir.ParseReference(text)
		if ref.Type != "Patient" || ref.ID == "" {
			return refuse(fhir.Value, "value", "patient-reference must be a reference to a Patient", "Parameters.parameter")
		}
		if _, err := tx.Read(ctx, ref.Type, ref.ID); err != nil {
			if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
				return fhir.NewOutcome(code, "there is no such Patient", "Parameters.parameter")
			}
			return err
		}
	}
	return nil
}

// seat has patients take part, and gives every participant a status; "" leaves those as they are.
func seat(o object, patients []string, status string) {
	participants, _ := o["participant"].([]any)
	for _, patient := range patients {
		if !slices.ContainsFunc(participants, func(p any) bool { return actorIn(p) == patient }) {
			participants = append(participants, object{"actor": reference(patient), "required": "required", "status": "tentative"})
		}
	}
	for _, p := range participants {
		one, is := p.(object)
		if is && (status == "accepted" || fhir.ParseReference(actorIn(p)).Type == "Patient") {
			one["status"] = status
		}
	}
	o["participant"] = participants
}

// actorIn is whom a participant that is being put together is.
func actorIn(p any) string {
	one, _ := p.(object)
	actor, _ := one["actor"].(object)
	text, _ := actor["reference"].(string)
	return text
}

package scheduling

import (
	"cmp"
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// book is IHE's Appointment/$book (ITI-117), in its three uses: to book a time, to change an appointment, to cancel one.
func (m *Module) book(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	waived, err := overrides(ctx, req.Input)
	if err != nil {
		return nil, err
	}
	var fresh []string // ids for patients who may not be known: their guards must not be others when the update runs again
	for range req.Input.Each("patient-resource") {
		fresh = append(fresh, m.config.NewID())
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		s, err := m.sourceOf(ctx, tx, req.Input)
		if err != nil {
			return nil, err
		}
		var done []written
		switch status, _ := s.given["status"].(string); {
		case s.given != nil && status == cancelled && s.stored != nil:
			return m.calledOff(ctx, tx, s.stored, treeOfReason(s.given), req.Input.Text("comment"))
		case s.given != nil && status == booked && s.stored != nil:
			done, err = m.modify(ctx, tx, s, req.Input, waived)
		case s.given != nil && !slices.Contains([]string{booked, pending, proposed}, status):
			return nil, refuse(fhir.Invalid, "invalid", "the status of appointment-resource must be pending or proposed to book, booked to change and cancelled to cancel", "Parameters.parameter.resource.status")
		default:
			done, err = m.bookNew(ctx, tx, s, req.Input, waived, fresh)
		}
		if err != nil {
			return nil, err
		}
		return done, m.after(ctx, tx, done, req.Input, waived)
	}, bundled)
}

// treeOfReason is the cancelationReason of an Appointment that is being put together.
func treeOfReason(o object) object {
	reason, _ := o["cancelationReason"].(object)
	return reason
}

// overrides are the rules that are set aside, with the reasons. Errors: Forbidden without a role that may.
func overrides(ctx context.Context, in fhir.Parameters) (map[string]string, error) {
	waived := make(map[string]string)
	for p := range in.Each("override") {
		rule, reason := p.Parts.Text("rule"), p.Parts.Text("reason")
		switch {
		case !slices.Contains([]string{ruleCapacity, ruleOverlap, ruleLead, ruleLimit}, rule):
			return nil, refuse(fhir.CodeInvalid, "code-invalid", "the rules that can be overridden are capacity, patient-overlap, lead-time and booking-limit", "Parameters.parameter.part")
		case reason == "":
			return nil, refuse(fhir.Required, "required", "who overrides a rule says why", "Parameters.parameter.part")
		}
		waived[rule] = reason
	}
	if len(waived) > 0 && !mayOverride(ctx) {
		return nil, refuse(fhir.Forbidden, "override", "rules of booking can be overridden by staff only", "Parameters.parameter")
	}
	return waived, nil
}

// bookNew books an offer, a hold or an Appointment that was given.
func (m *Module) bookNew(ctx context.Context, tx fhir.Tx, s *source, in fhir.Parameters, waived map[string]string, fresh []string) ([]written, error) {
	if s.stored != nil {
		switch {
		case s.stored.status == booked: // again
			return []written{{s.stored.r, nil}}, nil
		case s.stored.status == waiting && s.stored.start.IsZero(), s.stored.over(m.config.Now()), !slices.Contains(next(s.stored.status, false), booked):
			return nil, m.spent(s.stored)
		}
	}
	if old := in.Text("cancelled-appt-id"); old != "" {
		if err := m.replaced(ctx, tx, old); err != nil {
			return nil, err
		}
	}
	patients := patientsOf(ctx, in)
	if err := m.known(ctx, tx, patients); err != nil {
		return nil, err
	}
	for p := range in.Each("patient-resource") {
		one, err := m.admitted(ctx, tx, p.Value, fresh[0])
		if err != nil {
			return nil, err
		}
		patients, fresh = append(patients, one), fresh[1:]
	}
	o := s.appointment(m.config.NewID(), booked)
	seat(o, patients, "accepted")
	if text := in.Text("comment"); text != "" {
		o["comment"] = text
	}
	r, err := build(o)
	if err != nil {
		return nil, err
	}
	if len(appointmentOf(r).patients) == 0 {
		return nil, refuse(fhir.Required, "required", "a booking needs a patient: patient-reference, patient-resource or a participant", "Parameters.parameter")
	}
	ctx = intending(ctx, &intent{schedules: s.schedules, waived: waived})
	if s.stored != nil {
		return m.put(ctx, tx, r)
	}
	return m.create(ctx, tx, r)
}

// replaced cancels the appointment that Argonaut's cancelled-appt-id names: the new one comes in its place.
func (m *Module) replaced(ctx context.Context, tx fhir.Tx, text string) error {
	ref := fhir.ParseReference(text)
	old, err := m.readOwn(ctx, tx, cmp.Or(ref.ID, text))
	if err != nil {
		return err
	}
	_, err = m.calledOff(ctx, tx, old, concept(cancellationReason, "pat-crs", ""), "")
	return err
}

// modify changes an appointment that is booked. Its time is moved as by $reschedule where it is another.
func (m *Module) modify(ctx context.Context, tx fhir.Tx, s *source, in fhir.Parameters, waived map[string]string) ([]written, error) {
	if s.stored.status != booked && s.stored.status != pending {
		return nil, m.spent(s.stored)
	}
	o := s.given
	o["id"], o["status"] = s.stored.id(), s.stored.status
	for _, name := range []string{"slot", "contained", "created"} {
		if delete(o, name); s.stored.root.Get(name).Exists() && name != "contained" {
			o[name] = fhir.Tree(s.stored.root.Get(name))
		}
	}
	if text := in.Text("comment"); text != "" {
		o["comment"] = text
	}
	r, err := build(o)
	if err != nil {
		return nil, err
	}
	if a := appointmentOf(r); !a.alike(s.stored) {
		delete(o, "slot")
		if r, err = build(o); err != nil {
			return nil, err
		}
	}
	return m.put(intending(ctx, &intent{schedules: s.schedules, waived: waived}), tx, r)
}

// after does what comes with a booking: the reasons of overrides are kept, what it was ordered by goes on, and the patient is told where that is wanted.
func (m *Module) after(ctx context.Context, tx fhir.Tx, done []written, in fhir.Parameters, waived map[string]string) error {
	for _, w := range done {
		if w.v == nil {
			continue
		}
		r := w.v.Written(w.r)
		if err := m.evidence(ctx, tx, r.Reference(), "book", waived); err != nil {
			return err
		}
		if err := m.ordered(ctx, tx, r); err != nil {
			return err
		}
		if a := appointmentOf(r); in.Text("notify") == "true" && a.status == booked {
			if err := m.tell(ctx, tx, a, "appointment-booked", "Your appointment on "+a.start.Format("2006-01-02 15:04 MST")+" is booked."); err != nil {
				return err
			}
		}
	}
	return nil
}

// ordered has the ServiceRequests that an appointment is for become active.
func (m *Module) ordered(ctx context.Context, tx fhir.Tx, r *fhir.Resource) error {
	for b := range r.Root().Each("basedOn") {
		ref := fhir.ParseReference(b.Get("reference").Text())
		if ref.Type != "ServiceRequest" || ref.ID == "" {
			continue
		}
		order, err := m.read(ctx, tx, ref.Type, ref.ID)
		if err != nil {
			return err
		}
		if order == nil || !slices.Contains([]string{"draft", "on-hold"}, order.Root().Get("status").Text()) {
			continue
		}
		active, err := changed(order, func(o object) { o["status"] = "active" })
		if err == nil {
			_, err = tx.Put(smart.System(ctx), active)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

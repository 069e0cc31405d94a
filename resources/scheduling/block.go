package scheduling

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// block is our Schedule/[id]/$block: an absence. What is booked already stays, unless it is to be cancelled.
func (m *Module) block(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	period := req.Input.Get("period").Value
	how := req.Input.Text("on-conflict")
	start, end := moment(period.Get("start")), moment(period.Get("end"))
	switch {
	case start.IsZero() || end.IsZero() || !end.After(start):
		return nil, refuse(fhir.Invalid, "period", "the period needs a start and an end after it, with times", "Parameters.parameter")
	case len(days(start, end)) > maxDays:
		return nil, refuse(fhir.TooCostly, "period", "an absence is 400 days at most: split it", "Parameters.parameter")
	case how != "" && !slices.Contains([]string{"reject", "list", "cancel-and-notify"}, how):
		return nil, refuse(fhir.CodeInvalid, "code-invalid", "on-conflict must be reject, list or cancel-and-notify", "Parameters.parameter")
	}
	o := object{
		"resourceType": "Slot", "id": m.config.NewID(), "schedule": reference("Schedule/" + req.ID), "status": "busy-unavailable",
		"start": instant(start), "end": instant(end), "comment": req.Input.Text("reason"),
	}
	var types []any
	for t := range req.Input.Each("service-type") {
		types = append(types, fhir.Tree(t.Value))
	}
	if len(types) > 0 {
		o["serviceType"] = types
	}
	slot, err := build(o)
	if err != nil {
		return nil, err
	}
	var affected []*appointment
	answer := func(list []*fhir.Response) *fhir.Response {
		out := fhir.NewParameters().WithResource("slot", list[0].Resource)
		for _, a := range affected {
			out.JSON("affected", "Reference", `{"reference":"Appointment/`+a.id()+`"}`)
		}
		return &fhir.Response{Resource: out.Resource()}
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		schedule, err := tx.Read(ctx, "Schedule", req.ID)
		if err != nil {
			return nil, err
		}
		if affected, err = m.hit(ctx, tx, schedule, slotOf(slot)); err != nil {
			return nil, err
		}
		if how == "reject" && len(affected) > 0 {
			o := refuse(fhir.Conflict, "bookings-exist", "there are appointments in the period", "Parameters.parameter")
			var all []any
			for _, a := range affected {
				all = append(all, "Appointment/"+a.id())
			}
			o.Issues[0].Diagnostics = diagnostics(object{"affected": all})
			return nil, o
		}
		done, err := m.create(ctx, tx, slot)
		if err != nil || how != "cancel-and-notify" {
			return done, err
		}
		for _, a := range affected {
			if err := m.displace(ctx, tx, a); err != nil {
				return nil, err
			}
		}
		return done, nil
	}, answer)
}

// hit are the appointments in a calendar that an absence is in the way of.
func (m *Module) hit(ctx context.Context, tx fhir.Tx, schedule *fhir.Resource, s *slot) (list []*appointment, err error) {
	all, err := m.during(ctx, tx, actorOf(schedule), s.start, s.end)
	if err != nil {
		return nil, err
	}
	types := codings(s.r.Root(), "serviceType")
	for _, a := range all {
		theirs := codings(a.root, "serviceType")
		if len(types) > 0 && len(theirs) > 0 && !slices.ContainsFunc(types, func(c string) bool { return slices.Contains(theirs, c) }) {
			continue
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(x, y *appointment) int {
		if c := x.start.Compare(y.start); c != 0 {
			return c
		}
		return strings.Compare(x.id(), y.id())
	})
	return list, nil
}

// displace cancels an appointment that an absence is in the way of, puts the patient on the waiting list and has the patient told.
func (m *Module) displace(ctx context.Context, tx fhir.Tx, a *appointment) error {
	if !slices.Contains(next(a.status, false), cancelled) { // whoever is here already is seen to
		return nil
	}
	off, err := changed(a.r, func(o object) {
		o["status"], o["cancelationReason"] = cancelled, concept(cancellationReason, "prov", "The provider is not available")
	})
	if err == nil {
		_, err = tx.Put(smart.System(ctx), off)
	}
	if err != nil || len(a.patients) == 0 {
		return err
	}
	place := objectOf(a.root)
	for _, name := range []string{"start", "end", "slot", "minutesDuration", "identifier", "cancelationReason", "meta", "text"} {
		delete(place, name)
	}
	place["id"], place["status"], place["created"] = m.config.NewID(), waiting, instant(m.config.Now())
	place["requestedPeriod"] = list(object{"start": instant(m.config.Now()), "end": instant(a.start.AddDate(0, 3, 0))})
	extend(place, ours+"hold-expires", nil)
	extend(place, virtualExtension, nil)
	extend(place, waitlistExtension, object{"extension": []any{object{"url": "offer-count", "valueInteger": 0}}})
	seat(place, nil, "needs-action")
	r, err := build(place)
	if err == nil {
		_, err = tx.Create(smart.System(ctx), r)
	}
	if detailOf(err) == "duplicate" { // they wait already
		err = nil
	}
	if err != nil {
		return err
	}
	return m.tell(ctx, tx, a, "appointment-cancelled", "Your appointment on "+a.start.Format("2006-01-02 15:04 MST")+" has been cancelled. You are on the waiting list for another time.")
}

// detailOf is the detail of an error; "" for what has none.
func detailOf(err error) string {
	if err == nil {
		return ""
	}
	if o := fhir.AsOutcome(err); len(o.Issues) > 0 {
		return o.Issues[0].Detail
	}
	return ""
}

// unblock is our Schedule/[id]/$unblock: the end of an absence.
func (m *Module) unblock(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	ref := fhir.ParseReference(req.Input.Get("slot").Value.Get("reference").Text())
	err := m.change(ctx, req, func(tx fhir.Tx) error {
		if ref.Type != "Slot" || ref.ID == "" {
			return refuse(fhir.Value, "value", "slot must be a reference to a Slot", "Parameters.parameter")
		}
		r, err := tx.Read(ctx, ref.Type, ref.ID)
		if err != nil {
			return err
		}
		s := slotOf(r)
		switch {
		case s.schedule != req.ID:
			return fhir.NewOutcome(fhir.NotFound, "the Slot is not of this Schedule", "Parameters.parameter")
		case s.status != "busy-unavailable" || extension(r.Root(), slotAppointment).Exists():
			return refuse(fhir.BusinessRule, "slot-managed", "the Slot is no absence", "Parameters.parameter")
		}
		_, err = tx.Delete(smart.System(ctx), ref.Type, ref.ID) // whoever may block may take it back
		return err
	})
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: (&fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Text: "the absence has been taken back"}}}).Resource()}, nil
}

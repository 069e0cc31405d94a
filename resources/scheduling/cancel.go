package scheduling

import (
	"cmp"
	"context"
	"slices"

	"andiron.dev/fhir"
)

// cancel is our Appointment/$cancel, of one appointment or of a series.
func (m *Module) cancel(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id := req.ID
	if id == "" {
		ref := fhir.ParseReference(req.Input.Get("appointment-reference").Value.Get("reference").Text())
		if ref.Type != "Appointment" || ref.ID == "" {
			return nil, refuse(fhir.Required, "required", "the operation needs appointment-reference", "Parameters.parameter")
		}
		id = ref.ID
	}
	series := cmp.Or(req.Input.Text("series"), "this")
	if !slices.Contains([]string{"this", "this-and-following", "all"}, series) {
		return nil, refuse(fhir.CodeInvalid, "code-invalid", "series must be this, this-and-following or all", "Parameters.parameter")
	}
	reason, _ := fhir.Tree(req.Input.Get("reason").Value).(object)
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		a, err := m.readOwn(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		done, err := m.calledOff(ctx, tx, a, reason, req.Input.Text("comment"))
		if err != nil || series == "this" {
			return done, err
		}
		members, err := m.series(ctx, tx, a)
		if err != nil {
			return nil, err
		}
		for _, other := range members {
			if other.id() == a.id() || other.status == cancelled || series == "this-and-following" && other.start.Before(a.start) || !slices.Contains(next(other.status, false), cancelled) {
				continue
			}
			more, err := m.calledOff(ctx, tx, other, reason, req.Input.Text("comment"))
			if err != nil {
				return nil, err
			}
			done = append(done, more...)
		}
		return done, nil
	}, bundled)
}

// calledOff cancels an appointment. What is cancelled already stays as it is.
func (m *Module) calledOff(ctx context.Context, tx fhir.Tx, a *appointment, reason object, comment string) ([]written, error) {
	switch {
	case a.status == cancelled:
		return []written{{a.r, nil}}, nil
	case !slices.Contains(next(a.status, false), cancelled):
		return nil, refuse(fhir.BusinessRule, "illegal-transition", "an Appointment that is "+a.status+" cannot be cancelled", "Appointment.status")
	case a.status == booked && reason == nil:
		return nil, refuse(fhir.Required, "reason", "what is booked is cancelled for a reason", "Parameters.parameter")
	}
	r, err := changed(a.r, func(o object) {
		o["status"] = cancelled
		if reason != nil {
			o["cancelationReason"] = reason
		}
		if comment != "" {
			o["comment"] = comment
		}
	})
	if err != nil {
		return nil, err
	}
	return m.put(ctx, tx, r)
}

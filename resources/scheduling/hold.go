package scheduling

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// recordHold remembers who holds what: by the id of the Appointment.
const recordHold = "scheduling-hold"

// holding is such a record.
type holding struct {
	Caller string `json:"caller"`
	Offer  string `json:"offer,omitempty"`
}

// holder names whoever asks.
func holder(ctx context.Context) string { return digest(caller(ctx)) }

// maxHolds is how many times somebody can hold at once.
const maxHolds = 2

// hold is IHE's Appointment/$hold (ITI-116): the time is nobody else's for some minutes.
func (m *Module) hold(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	length, err := m.holdLength(ctx, req.Input.Get("hold-duration"))
	if err != nil {
		return nil, err
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		s, err := m.sourceOf(ctx, tx, req.Input)
		if err != nil {
			return nil, err
		}
		now, patients := m.config.Now(), patientsOf(ctx, req.Input)
		if err := m.known(ctx, tx, patients); err != nil {
			return nil, err
		}
		if s.stored != nil && s.stored.status == pending && !s.stored.over(now) { // again
			return []written{{s.stored.r, nil}}, nil
		}
		if s.stored != nil && s.stored.status != proposed && s.stored.status != waiting {
			return nil, m.spent(s.stored)
		}
		o := s.appointment(m.config.NewID(), pending)
		seat(o, patients, "tentative")
		next, err := build(o)
		if err != nil {
			return nil, err
		}
		a := appointmentOf(next)
		if held, err := m.roomToHold(ctx, tx, a, s.offer); err != nil || held != nil {
			return held, err
		}
		in := &intent{schedules: s.schedules}
		if length > 0 {
			in.expires = now.Add(length)
		}
		write := m.put
		if s.stored == nil {
			write = m.create
		}
		done, err := write(intending(ctx, in), tx, next)
		if err == nil {
			err = m.remember(ctx, tx, next.ID(), holding{holder(ctx), s.offer})
		}
		return done, err
	}, bundled)
}

// spent is the error for an Appointment that cannot be held or booked any more.
func (m *Module) spent(a *appointment) error {
	if a.over(m.config.Now()) || a.status == cancelled && hasCode(a.root.Get("cancelationReason"), holdExpired) {
		return refuse(fhir.Conflict, "hold-expired", "the hold has expired: hold or book a time again", "Parameters.parameter")
	}
	return refuse(fhir.BusinessRule, "illegal-transition", "the Appointment is "+a.status, "Parameters.parameter")
}

// holdLength is how long a hold is asked for; 0 = as the service has it.
func (m *Module) holdLength(ctx context.Context, p fhir.Parameter) (time.Duration, error) {
	if !p.Value.Exists() {
		return 0, nil
	}
	length, ok := lengthOf(p.Value, false)
	switch {
	case !ok || length <= 0 || length > maxHold:
		return 0, refuse(fhir.Value, "value", "hold-duration must be a time of at most 30 minutes", "Parameters.parameter")
	case !staff(ctx):
		return 0, refuse(fhir.Forbidden, "forbidden", "how long patients hold a time is up to the service: leave hold-duration out", "Parameters.parameter")
	}
	return length, nil
}

// remember writes down whose a hold is.
func (m *Module) remember(ctx context.Context, tx fhir.Tx, id string, h holding) error {
	value, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return tx.Keep(smart.System(ctx), &fhir.Record{Kind: recordHold, Key: id, Owner: h.Caller, Expires: m.config.Now().Add(requestTime), Value: value})
}

// heldAs is what is remembered of a hold; zero where nothing is.
func (m *Module) heldAs(ctx context.Context, tx fhir.Tx, id string) (h holding, err error) {
	r, err := tx.Record(smart.System(ctx), recordHold, id)
	if fhir.CodeOf(err) == fhir.NotFound {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	if json.Unmarshal(r.Value, &h) != nil {
		return h, fhir.Internal(errors.New("a record of a hold cannot be read"))
	}
	return h, nil
}

// roomToHold refuses more holds than somebody may have. One that the same caller has for the same patient and service gives way; one of the same offer
// is returned.
func (m *Module) roomToHold(ctx context.Context, tx fhir.Tx, a *appointment, offer string) ([]written, error) {
	now, mine := m.config.Now(), codings(a.root, "serviceType")
	whose := a.patients
	if len(whose) == 0 {
		whose = []string{""}
	}
	for _, patient := range whose {
		if err := m.inTurn(ctx, tx, "holds", digest(patient, holder(ctx))); err != nil {
			return nil, err
		}
		held, err := m.heldBy(ctx, tx, patient)
		if err != nil {
			return nil, err
		}
		open := 0
		for _, other := range held {
			if other.id() == a.id() || !other.occupies(now) {
				continue
			}
			h, err := m.heldAs(ctx, tx, other.id())
			if err != nil {
				return nil, err
			}
			theirs := codings(other.root, "serviceType")
			switch {
			case h.Caller == holder(ctx) && offer != "" && h.Offer == offer && sameSet(other.patients, a.patients):
				return []written{{other.r, nil}}, nil
			case h.Caller == holder(ctx) && patient != "" && slices.ContainsFunc(mine, func(c string) bool { return slices.Contains(theirs, c) }):
				if err := m.drop(ctx, tx, other); err != nil {
					return nil, err
				}
			default:
				open++
			}
		}
		if open >= maxHolds && (patient != "" || !staff(ctx)) {
			return nil, refuse(fhir.BusinessRule, "hold-limit", "two times are held already: book one, or wait until they expire", "Parameters.parameter")
		}
	}
	return nil, nil
}

// heldBy are the holds of a patient; of the caller where there is none.
func (m *Module) heldBy(ctx context.Context, tx fhir.Tx, patient string) (list []*appointment, err error) {
	if patient != "" {
		found, err := m.found(ctx, tx, "Appointment", 0, fhir.Param{Name: "actor", Value: patient}, fhir.Param{Name: "status", Value: pending})
		for _, r := range found {
			list = append(list, appointmentOf(r))
		}
		return list, err
	}
	records, err := tx.Records(smart.System(ctx), recordHold, holder(ctx), "", 1000)
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		r, err := m.read(ctx, tx, "Appointment", record.Key)
		if err != nil {
			return nil, err
		}
		if a := appointmentOf(r); a != nil && a.status == pending && len(a.patients) == 0 {
			list = append(list, a)
		}
	}
	return list, nil
}

// drop ends a hold that another takes the place of.
func (m *Module) drop(ctx context.Context, tx fhir.Tx, a *appointment) error {
	off, err := changed(a.r, func(o object) {
		o["status"] = cancelled
		o["cancelationReason"] = concept(cancellationReason, "other", "Another time was held instead")
	})
	if err == nil {
		_, err = tx.Put(intending(smart.System(ctx), &intent{trusted: true}), off)
	}
	return err
}

const (
	cancellationReason = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
	holdExpired        = "hold-expired"
)

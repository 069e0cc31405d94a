package scheduling

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// written is a resource as an operation has written it, or has found it to be already.
type written struct {
	r *fhir.Resource
	v *fhir.Version // nil = nothing was written
}

// response is the answer that it is. Its time is known when the update is over, which may be after the answer has been put together.
func (w written) response(ctx context.Context) (*fhir.Response, error) {
	r, err := Redact(ctx, w.v.Written(w.r))
	return &fhir.Response{Resource: r, Version: w.v}, err
}

// create writes a new resource.
func (m *Module) create(ctx context.Context, tx fhir.Tx, r *fhir.Resource) ([]written, error) {
	v, err := tx.Create(ctx, r)
	return []written{{r, v}}, err
}

// put writes the next version of a resource.
func (m *Module) put(ctx context.Context, tx fhir.Tx, r *fhir.Resource) ([]written, error) {
	v, err := tx.Put(ctx, r)
	return []written{{r, v}}, err
}

// write has an operation write within one update, and answers with what it has written.
func (m *Module) write(ctx context.Context, req *fhir.Request, fn func(context.Context, fhir.Tx) ([]written, error), answer func([]*fhir.Response) *fhir.Response) (*fhir.Response, error) {
	var done []written
	err := m.change(ctx, req, func(tx fhir.Tx) (err error) {
		done, err = fn(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]*fhir.Response, len(done))
	for i, w := range done {
		if all[i], err = w.response(ctx); err != nil {
			return nil, err
		}
	}
	return answer(all), nil
}

// one answers with the resource itself.
func one(list []*fhir.Response) *fhir.Response { return list[0] }

// bundled answers with a Bundle, as IHE has it.
func bundled(list []*fhir.Response) *fhir.Response {
	b := &fhir.Bundle{Type: fhir.Searchset, Total: len(list)}
	for _, one := range list {
		b.Entries = append(b.Entries, fhir.Entry{Resource: one.Resource, Mode: fhir.ModeMatch, Response: one})
	}
	return &fhir.Response{Bundle: b}
}

// readOwn reads an Appointment as whoever asks may: who may not see it is told that there is none.
func (m *Module) readOwn(ctx context.Context, tx fhir.Tx, id string) (*appointment, error) {
	r, err := tx.Read(ctx, "Appointment", id)
	if err != nil {
		return nil, err
	}
	if full, err := m.read(ctx, tx, "Appointment", id); err == nil && full != nil { // with what is not shown: it must not be lost
		r = full
	}
	return appointmentOf(r), nil
}

// evidence says in a Provenance why rules of booking were set aside.
func (m *Module) evidence(ctx context.Context, tx fhir.Tx, target, activity string, waived map[string]string) error {
	if len(waived) == 0 {
		return nil
	}
	var reasons []any
	for _, rule := range []string{ruleCapacity, ruleOverlap, ruleLead, ruleLimit} {
		if reason := waived[rule]; reason != "" {
			reasons = append(reasons, concept(fhir.CanonicalBase+"/CodeSystem/booking-rule", rule, reason))
		}
	}
	r, err := build(object{
		"resourceType": "Provenance", "id": m.config.NewID(), "target": list(reference(target)), "recorded": instant(m.config.Now()), "reason": reasons,
		"activity": concept(fhir.CanonicalBase+"/CodeSystem/operation", activity, ""), "agent": list(object{"who": who(ctx)}),
	})
	if err == nil {
		_, err = tx.Create(smart.System(ctx), r)
	}
	return err
}

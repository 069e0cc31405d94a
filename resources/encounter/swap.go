package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// swapBeds is Encounter/$swap-beds (§8.5): what two transfers cannot do, since both beds are occupied.
func (m *Module) swapBeds(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	w, err := m.carryOut(ctx, req, nil, func(w *work) error { return w.swap() })
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

func (w *work) swap() error {
	var stays []*stay
	var beds []*fhir.Resource
	at := w.now
	for p := range w.req.Input.Each("encounter") {
		r, err := w.from(p, "Encounter")
		if err != nil {
			return err
		}
		s := w.m.stayOf(r)
		if s.status != inProgress {
			return refused(fhir.BusinessRule, illegalTransition, "the patient of an Encounter that is "+s.status+" is not transferred", p.Value.Path())
		}
		from, here := w.lies(s)
		var bed *fhir.Resource
		if here {
			if bed, err = w.tx.Read(w.ctx, "Location", from.id); err != nil && !gone(err) {
				return err
			}
		}
		if !isBed(bed) {
			return refused(fhir.BusinessRule, "no-active-bed", "the patient has no bed to swap", p.Value.Path())
		}
		at = latest(at, from.start)
		stays, beds = append(stays, s), append(beds, bed)
	}
	if stays[0].ID() == stays[1].ID() {
		return fhir.NewOutcome(fhir.Invalid, "two patients swap their beds: the Encounters must not be the same", "Parameters.parameter")
	}
	var reason any
	if p := w.req.Input.Get("reason"); p.Value.Exists() {
		reason = fhir.Tree(p.Value)
	}
	w.ctx = context.WithValue(w.ctx, swapping{}, []string{stays[0].ID(), stays[1].ID()})
	for i, s := range stays {
		o := objectOf(s.Resource)
		moved(o, beds[1-i], at, reason)
		if _, err := w.put(o); err != nil {
			return err
		}
	}
	for _, bed := range beds {
		w.show(bed, nil)
	}
	return nil
}

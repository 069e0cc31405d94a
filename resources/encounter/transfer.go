package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// transfer is Encounter/[id]/$transfer (§8.5).
func (m *Module) transfer(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	to, err := m.named(req.Input.Get("location"), "Location")
	if err != nil {
		return nil, err
	}
	w, err := m.carryOut(ctx, req, []string{bedGuard(to.ID)}, func(w *work) error { return w.transfer() })
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

func (w *work) transfer() error {
	r, err := w.subject()
	if err != nil {
		return err
	}
	path := w.req.Input.Get("location").Value.Path()
	bed, err := w.given("location", "Location")
	if err != nil {
		return err
	}
	s := w.m.stayOf(r)
	reserve := w.req.Input.Text("reserve") == "true"
	if s.status != inProgress && !(reserve && s.status == planned) {
		return refused(fhir.BusinessRule, illegalTransition, "the patient of an Encounter that is "+s.status+" is not transferred")
	}
	if !isBed(bed) {
		return notABed(path)
	}
	from, here := w.lies(s)
	if here && from.id == bed.ID() {
		return refused(fhir.Invalid, "same-location", "the patient is in this bed already", path)
	}
	o := objectOf(r)
	if reserve {
		at := w.now
		if t, ok := when(w.req.Input.Get("at").Value); ok {
			if t.Before(w.now) {
				return refused(fhir.Conflict, periodOverlap, "a bed is reserved for a time that is to come", w.req.Input.Get("at").Value.Path())
			}
			at = t
		}
		kept(o, bed, at)
		if _, err := w.put(o); err != nil {
			return err
		}
		return w.current("Location", bed.ID())
	}
	at, err := w.at(from.start)
	if err != nil {
		return err
	}
	var reason any
	if p := w.req.Input.Get("reason"); p.Value.Exists() {
		reason = fhir.Tree(p.Value)
	}
	moved(o, bed, at, reason)
	if _, err := w.put(o); err != nil {
		return err
	}
	if here {
		if err := w.vacated(from.id); err != nil {
			return err
		}
	}
	return w.current("Location", bed.ID())
}

// lies is where the patient of a stay is now: the bed, or another place.
func (w *work) lies(s *stay) (place, bool) {
	for _, p := range w.m.held(s) {
		if p.status == "active" {
			return p, true
		}
	}
	return place{}, false
}

// vacated adds to the answer the bed that was left, and the Task to clean it.
func (w *work) vacated(id string) error {
	err := w.current("Location", id)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tasks, err := w.m.all(w.ctx, w.tx, "Task", fhir.Param{Name: "focus", Value: "Location/" + id}, fhir.Param{Name: "code", Value: taskTypes() + "|" + cleaning}, fhir.Param{Name: "status", Value: "requested"})
	for _, task := range tasks {
		w.show(task, nil)
	}
	return err
}

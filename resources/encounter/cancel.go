package encounter

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// cancel is Encounter/[id]/$cancel. Called again it answers the same.
func (m *Module) cancel(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var r *fhir.Resource
	w, err := m.carryOut(ctx, req, nil, func(w *work) (err error) {
		if r, err = w.subject(); err != nil || m.stayOf(r).status == cancelled {
			return err
		}
		o := objectOf(r)
		o["status"] = cancelled
		reason := fhir.Tree(req.Input.Get("reason").Value)
		url := ours("encounter-cancellation-reason")
		o["extension"] = replaced(o["extension"], url, object{"url": url, "valueCodeableConcept": reason})
		if r, err = w.put(o); err != nil {
			return err
		}
		return w.dropped(r, reason)
	})
	if err != nil {
		return nil, err
	}
	return w.one(r), nil
}

// dropped cancels what was to be done for a visit that does not take place: nobody has to be asked whether steps may be left out.
func (w *work) dropped(r *fhir.Resource, reason any) error {
	w.ctx = smart.System(w.ctx)
	tasks, err := w.m.all(w.ctx, w.tx, "Task", fhir.Param{Name: "encounter", Value: r.Reference()}, fhir.Param{Name: "status", Value: openTasks})
	for _, task := range tasks {
		if err != nil {
			return err
		}
		o := objectOf(task)
		o["status"], o["statusReason"], o["lastModified"] = "cancelled", reason, instant(w.now)
		_, err = w.put(o)
	}
	return err
}

package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// reopen is Encounter/[id]/$reopen.
func (m *Module) reopen(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var r *fhir.Resource
	w, err := m.carryOut(ctx, req, nil, func(w *work) (err error) {
		if r, err = w.subject(); err != nil {
			return err
		}
		if status := m.stayOf(r).status; status != finished {
			return refused(fhir.BusinessRule, illegalTransition, "an Encounter that is "+status+" is not taken up again")
		}
		bed, err := w.given("location", "Location")
		if err != nil {
			return err
		}
		if bed != nil && !isBed(bed) {
			return notABed(req.Input.Get("location").Value.Path())
		}
		o := objectOf(r)
		o["status"] = inProgress
		known, _ := o["extension"].([]any)
		o["extension"] = append(known, object{"url": ours(reopenName), "extension": list(object{"url": "reason", "valueString": req.Input.Text("reason")})})
		if h, _ := o["hospitalization"].(object); h != nil { // the discharge did not last
			for _, name := range []string{"dischargeDisposition", "destination"} {
				delete(h, name)
			}
			if len(h) == 0 {
				delete(o, "hospitalization")
			}
		}
		if bed != nil {
			moved(o, bed, w.now, nil)
		}
		r, err = w.put(o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.one(r), nil
}

package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// leaveName is the extension by which an Encounter tells of an absence: reason, start, expected-return, end.
const leaveName = "leave"

// leave is Encounter/[id]/$leave: the bed is kept. Called again it answers the same.
func (m *Module) leave(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var r *fhir.Resource
	w, err := m.carryOut(ctx, req, nil, func(w *work) (err error) {
		if r, err = w.subject(); err != nil || m.stayOf(r).status == onLeave {
			return err
		}
		parts := list(object{"url": "start", "valueDateTime": instant(w.now)})
		if reason := req.Input.Text("reason"); reason != "" {
			parts = append(parts, object{"url": "reason", "valueString": reason})
		}
		if p := req.Input.Get("expected-return").Value; p.Exists() {
			if t, _ := when(p); t.Before(w.now) {
				return fhir.NewOutcome(fhir.Invalid, "the patient would be back before they left", p.Path())
			}
			parts = append(parts, object{"url": "expected-return", "valueDateTime": p.Text()})
		}
		o := objectOf(r)
		o["status"] = onLeave
		known, _ := o["extension"].([]any)
		o["extension"] = append(known, object{"url": ours(leaveName), "extension": parts})
		r, err = w.put(o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.one(r), nil
}

// comeBack is Encounter/[id]/$return. A patient who is there has come back already; one who never left, or has gone for good, cannot.
func (m *Module) comeBack(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var r *fhir.Resource
	w, err := m.carryOut(ctx, req, nil, func(w *work) (err error) {
		if r, err = w.subject(); err != nil {
			return err
		}
		o := objectOf(r)
		var last object
		known, _ := o["extension"].([]any)
		for _, one := range known {
			if e, _ := one.(object); e["url"] == ours(leaveName) {
				last = e
			}
		}
		switch status := m.stayOf(r).status; {
		case status == inProgress && last != nil:
			return nil
		case status != onLeave:
			return refused(fhir.BusinessRule, illegalTransition, "the patient of an Encounter that is "+status+" is not on leave")
		}
		if last != nil {
			parts, _ := last["extension"].([]any)
			last["extension"] = append(parts, object{"url": "end", "valueDateTime": instant(w.now)})
		}
		o["status"] = inProgress
		r, err = w.put(o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.one(r), nil
}

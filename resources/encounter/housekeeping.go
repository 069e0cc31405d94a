package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// housekeepingDone is Location/[id]/$housekeeping-done (§8.8).
func (m *Module) housekeepingDone(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var bed *fhir.Resource
	w, err := m.carryOut(ctx, req, []string{bedGuard(req.ID)}, func(w *work) (err error) {
		if bed, err = w.subject(); err != nil {
			return err
		}
		if !isBed(bed) {
			return notABed("")
		}
		if code := condition(bed); code != housekeeping && code != contaminated {
			return refused(fhir.BusinessRule, "not-in-housekeeping", "the bed is not to be cleaned")
		}
		if comment := req.Input.Text("comment"); comment != "" {
			if err := w.remark(bed, comment); err != nil {
				return err
			}
		}
		bed, err = w.put(conditioned(bed, unoccupied))
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.one(bed), nil
}

// remark puts a comment on the Tasks to clean a bed.
func (w *work) remark(bed *fhir.Resource, comment string) error {
	tasks, err := w.m.all(w.ctx, w.tx, "Task", fhir.Param{Name: "focus", Value: bed.Reference()}, fhir.Param{Name: "code", Value: taskTypes() + "|" + cleaning}, fhir.Param{Name: "status", Value: openTasks})
	for _, task := range tasks {
		if err != nil {
			return err
		}
		o := objectOf(task)
		notes, _ := o["note"].([]any)
		o["note"] = append(notes, object{"text": comment, "time": instant(w.now)})
		_, err = w.put(o)
	}
	return err
}

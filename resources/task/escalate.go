package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"andiron.dev/fhir"
)

// escalate asks supervisors to see to a step that is overdue: by one Task for each time that it should have been done.
func (m *Module) escalate(ctx context.Context, tx fhir.Tx, r *fhir.Resource) error {
	root := r.Root()
	sum := sha256.Sum256([]byte(r.Reference() + " " + root.Get("executionPeriod").Get("end").Text()))
	id := "escalation-" + hex.EncodeToString(sum[:16])
	if _, err := tx.Read(ctx, "Task", id); err == nil || fhir.CodeOf(err) != fhir.NotFound && fhir.CodeOf(err) != fhir.Deleted {
		return err
	}
	o := object{
		"resourceType": "Task", "id": id, "status": "requested", "intent": "order", "priority": "urgent", "authoredOn": instant(m.config.Now()),
		"code":          object{"coding": []any{object{"system": fhir.CanonicalBase + "/CodeSystem/task-type", "code": "escalation", "display": "See to what is overdue"}}},
		"description":   "A step of a workflow has not been done in time",
		"focus":         reference(r.Reference()),
		"performerType": []any{object{"coding": []any{object{"system": fhir.CanonicalBase + "/CodeSystem/role", "code": "supervisor"}}, "text": "Supervisor"}},
	}
	for _, name := range []string{"for", "encounter"} {
		if v := fhir.Tree(root.Get(name)); v != nil {
			o[name] = v
		}
	}
	next, err := built(o)
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, next)
	return err
}

package task

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// skippable holds the end of a step against who ends it: a step is left out for a reason only, and by who may do it. Errors: BusinessRule,
// reason-required; Forbidden.
func (m *Module) skippable(ctx context.Context, c *fhir.Change, moved bool) error {
	status := c.After.Root().Get("status").Text()
	if c.Before == nil || !moved || len(groupsOf(c.Before)) == 0 || status != "cancelled" && status != "completed" {
		return nil
	}
	if status == "cancelled" && !c.After.Root().Get("statusReason").Exists() {
		return refused("reason-required", "a step of a workflow is left out for a reason: give a statusReason", "Task.statusReason")
	}
	return m.permitted(ctx, c.Tx, smart.From(ctx), c.Before, false)
}

package scheduling

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// inactiveRule has somebody see to the appointments of who or what is not there any more. They stay booked: whom they go to is for people to decide.
func (m *Module) inactiveRule(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.Before == nil || !serves(c.Before) || c.After != nil && serves(c.After) {
		return nil, nil
	}
	now := m.config.Now()
	found, err := m.found(ctx, c.Tx, "Appointment", 0, fhir.Param{Name: "actor", Value: c.Before.Reference()}, fhir.Param{Name: "status", Value: "pending,booked"},
		fhir.Param{Name: "date", Value: "ge" + instant(now)})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(x, y *fhir.Resource) int {
		return strings.Compare(x.Root().Get("start").Text()+x.ID(), y.Root().Get("start").Text()+y.ID())
	})
	var inputs []any
	for _, r := range found {
		inputs = append(inputs, object{"type": concept(taskType, "appointment", ""), "valueReference": reference(r.Reference())})
	}
	r, err := build(object{
		"resourceType": "Task", "id": m.config.NewID(), "status": "requested", "intent": "order", "code": concept(taskType, "reassign", "Find somebody else for these appointments"),
		"focus": reference(c.Before.Reference()), "authoredOn": instant(now), "lastModified": instant(now), "input": inputs, "executionPeriod": object{"start": instant(now), "end": instant(soonest(found, now))},
	})
	if err == nil {
		_, err = c.Tx.Create(smart.System(ctx), r)
	}
	return nil, err
}

// soonest is when the first of Appointments begins.
func soonest(list []*fhir.Resource, now time.Time) time.Time {
	if start := appointmentOf(list[0]).start; start.After(now) {
		return start
	}
	return now
}

// serves reports whether who or what takes part in appointments can.
func serves(r *fhir.Resource) bool {
	status := r.Root().Get("status").Text()
	return r.Root().Get("active").Text() != "false" && (status == "" || status == "active")
}

package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// bedGuards are the guards of a Location that is or was a bed.
func (m *Module) bedGuards(before, after *fhir.Resource) ([]string, error) {
	switch {
	case isBed(after):
		return []string{bedGuard(after.ID())}, nil
	case isBed(before):
		return []string{bedGuard(before.ID())}, nil
	}
	return nil, nil
}

// location is the rule about beds: one that somebody lies in stays a bed, in service and occupied, until they have left; one that is reserved
// is not taken away. A bed that is clean has been cleaned: the Task to do so is done.
func (m *Module) location(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if ctx.Value(settling{}) != nil || !isBed(c.Before) && !isBed(c.After) {
		return nil, nil
	}
	id := ""
	if c.After != nil {
		id = c.After.ID()
	} else {
		id = c.Before.ID()
	}
	active, reserved := false, false
	err := m.holders(ctx, c.Tx, id, func(_ *stay, p place) bool {
		active = active || p.status == "active"
		reserved = reserved || p.status == "reserved"
		return !active
	})
	if err != nil {
		return nil, err
	}
	there := c.After != nil && isBed(c.After) && inService(c.After)
	switch {
	case active && !there, reserved && c.Before != nil && !there:
		return nil, refused(fhir.Conflict, "bed-occupied", "somebody lies in the bed, or it is reserved; transfer or discharge them first", "Location")
	case active && condition(c.After) != occupied && condition(c.After) != isolated:
		if c.Before == nil || condition(c.Before) == condition(c.After) {
			return m.sound(conditioned(c.After, occupied)) // it came after who lies in it
		}
		return nil, refused(fhir.Conflict, "bed-occupied", "somebody lies in the bed; transfer or discharge them first", "Location.operationalStatus")
	}
	if c.Before == nil || c.After == nil || condition(c.After) != unoccupied {
		return nil, nil
	}
	if before := condition(c.Before); before != housekeeping && before != contaminated {
		return nil, nil
	}
	return nil, m.cleaned(ctx, c.Tx, id)
}

// cleaned completes the Tasks to clean a bed.
func (m *Module) cleaned(ctx context.Context, tx fhir.Tx, id string) error {
	tasks, err := m.all(ctx, tx, "Task", fhir.Param{Name: "focus", Value: "Location/" + id}, fhir.Param{Name: "code", Value: taskTypes() + "|" + cleaning},
		fhir.Param{Name: "status", Value: "draft,requested,received,accepted,ready,in-progress,on-hold"})
	for _, task := range tasks {
		if err != nil {
			return err
		}
		o := objectOf(task)
		o["status"], o["lastModified"] = "completed", instant(m.config.Now())
		var r *fhir.Resource
		if r, err = m.sound(o); err == nil {
			_, err = tx.Put(ctx, r)
		}
	}
	return err
}

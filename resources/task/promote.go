package task

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// promote requests the steps that have waited for one that ends with this change, in the same commit, and gives them to whom the care team has
// for them.
func (m *Module) promote(ctx context.Context, c *fhir.Change) error {
	var searches []fhir.Params
	for _, group := range requestGroups(c.After) {
		searches = append(searches, fhir.Params{{Name: "based-on", Value: group}, {Name: "status", Value: "draft"}})
	}
	if _, placed := sequenceOf(c.After); placed && len(searches) == 0 {
		if key := groupIdentifier(c.After); key != "" {
			searches = append(searches, fhir.Params{{Name: "group-identifier", Value: escaped(key)}, {Name: "status", Value: "draft"}})
		}
	}
	if len(searches) == 0 {
		return nil
	}
	now := pendingOf(ctx).with(c.After)
	ctx = context.WithValue(ctx, pendingKey{}, now)
	for _, params := range searches {
		var candidates []*fhir.Resource
		err := m.each(ctx, c.Tx, "Task", params, func(r *fhir.Resource) bool {
			if now[r.Reference()] == nil {
				candidates = append(candidates, r)
			}
			return true
		})
		if err != nil {
			return err
		}
		for _, next := range candidates {
			if err := m.promoteOne(ctx, c, now, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// promoteOne requests a step unless it waits for another still, or has never waited.
func (m *Module) promoteOne(ctx context.Context, c *fhir.Change, now pending, next *fhir.Resource) error {
	before, err := m.predecessors(ctx, c.Tx, now, next)
	if err != nil {
		return err
	}
	waited := false
	for _, other := range before {
		waited = waited || other.Reference() == c.After.Reference()
		if !ended(other) {
			return nil
		}
	}
	if !waited {
		return nil
	}
	owner := ""
	if !next.Root().Get("owner").Exists() {
		if owner, err = m.performer(ctx, c.Tx, next); err != nil {
			return err
		}
	}
	next, err = edited(next, func(o object) {
		o["status"], o["lastModified"] = "requested", instant(m.config.Now())
		if owner != "" {
			o["owner"] = reference(owner)
		}
	})
	if err != nil {
		return err
	}
	_, err = c.Tx.Put(ctx, next)
	return err
}

// instant is a time as FHIR writes it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

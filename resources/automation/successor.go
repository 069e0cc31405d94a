package automation

import (
	"context"
	"strings"

	"andiron.dev/fhir"
)

// succeed requests the Tasks of a workflow that have waited for one that has ended. It reports whether there were any.
func (m *Module) succeed(ctx context.Context, task *fhir.Resource) (did bool, err error) {
	group := groupOf(task)
	if group == "" || !over(task) {
		return false, nil
	}
	var waiting []*fhir.Resource
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		waiting, err = m.search(ctx, tx, "Task", fhir.Params{{Name: "based-on", Value: group}, {Name: "status", Value: "draft"}, {Name: "_count", Value: "1000"}})
		return err
	})
	for _, next := range waiting {
		if err != nil {
			return did, err
		}
		err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			next, err := tx.Read(ctx, "Task", next.ID())
			if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
				return nil
			} else if err != nil || next.Root().Get("status").Text() != "draft" {
				return err
			}
			ready, err := m.ready(ctx, tx, next)
			if err != nil || !ready {
				return err
			}
			did = true
			return m.change(ctx, tx, next, func(o object) { o["status"] = "requested" })
		})
	}
	return did, err
}

// ready reports whether a Task waits for others, and all of them are over.
func (m *Module) ready(ctx context.Context, tx fhir.Tx, task *fhir.Resource) (bool, error) {
	waits := false
	for in := range task.Root().Each("input") {
		if !hasCode(in.Get("type"), "after") {
			continue
		}
		waits = true
		before, err := m.resolve(ctx, tx, in.Get("valueReference").Get("reference").Text())
		if err != nil || before != nil && !over(before) {
			return false, err
		}
	}
	return waits, nil
}

// over reports whether a Task has ended so that what comes after it may begin.
func over(task *fhir.Resource) bool {
	switch task.Root().Get("status").Text() {
	case "completed", "cancelled", "entered-in-error":
		return true
	}
	return false
}

// groupOf is the RequestGroup that a Task is based on.
func groupOf(task *fhir.Resource) string {
	for ref := range task.Root().Each("basedOn") {
		if text := ref.Get("reference").Text(); strings.HasPrefix(text, "RequestGroup/") {
			return text
		}
	}
	return ""
}

package automation

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// sweep does what is due: firings that are to be tried again, periods, timers, and the Tasks that the server carries out itself. Only the
// process that follows the outbox does it.
func (m *Module) sweep(ctx context.Context) (did bool, err error) {
	if !m.state.leading {
		return false, nil
	}
	for _, one := range []func(context.Context) (bool, error){m.retries, m.periods, m.promote, m.execute} {
		more, err := one(ctx)
		if err != nil {
			return did, err
		}
		did = did || more
	}
	return did, nil
}

// promote requests the timers that are due.
func (m *Module) promote(ctx context.Context) (did bool, err error) {
	for {
		due, err := m.due(ctx)
		if err != nil || len(due) == 0 {
			return did, err
		}
		moved := false
		for _, task := range due {
			one, err := m.promoteOne(ctx, task.ID())
			if err != nil {
				return did, err
			}
			moved = moved || one
		}
		if did = did || moved; !moved {
			return did, nil
		}
	}
}

// due are the timers whose time has come, a page of them.
func (m *Module) due(ctx context.Context) (tasks []*fhir.Resource, err error) {
	now := m.config.Now()
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		found, err := m.search(ctx, tx, "Task", fhir.Params{
			{Name: "status", Value: "draft"}, {Name: "_tag", Value: tagSystem + "|" + tagTimer},
			{Name: "period", Value: "lt" + search.Escape(instant(now.Add(time.Millisecond)))}, {Name: "_count", Value: "200"},
		})
		for _, task := range found {
			if at, ok := dueAt(task); ok && !at.After(now) {
				tasks = append(tasks, task)
			}
		}
		return err
	})
	return tasks, err
}

func dueAt(task *fhir.Resource) (time.Time, bool) {
	at, ok := fhir.ParseTemporal(task.Root().Get("executionPeriod").Get("start").Text(), time.UTC)
	return at.Low, ok
}

// promoteOne requests a timer, or moves it out of the quiet hours.
func (m *Module) promoteOne(ctx context.Context, id string) (did bool, err error) {
	err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		did = false
		task, err := tx.Read(ctx, "Task", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil
		} else if err != nil {
			return err
		}
		now := m.config.Now()
		at, ok := dueAt(task)
		if task.Root().Get("status").Text() != "draft" || !ok || at.After(now) {
			return nil
		}
		var record timerRecord
		if err := load(ctx, tx, recordTimer, id, &record); err != nil {
			return err
		}
		did = true
		later, err := m.quietUntil(ctx, tx, task, &record, at)
		if err == nil && later.IsZero() { // it was not to be carried out in quiet hours, but it is late
			later, err = m.quietUntil(ctx, tx, task, &record, now)
		}
		if err != nil {
			return err
		}
		o, _ := fhir.Tree(task.Root()).(object)
		stripVersion(o)
		o["lastModified"] = instant(now)
		switch {
		case record.Rule != "" && m.state.rules[record.Rule] == nil:
			o["status"], o["statusReason"] = "cancelled", coded("automation-action", superseded, "The rule is not in force any more")
		case !later.IsZero() && m.tooLate(task, &record, later):
			o["status"], o["statusReason"] = "cancelled", coded("automation-action", "quiet-hours", "The quiet hours end too late for it")
		case !later.After(now):
			o["status"] = "requested"
		default:
			period, _ := o["executionPeriod"].(object)
			period["start"] = instant(later)
			delete(period, "end")
		}
		return m.store(ctx, tx, o, record.Causes)
	})
	return did, err
}

func stripVersion(o object) {
	meta, _ := o["meta"].(object)
	delete(meta, "versionId")
	delete(meta, "lastUpdated")
	if len(meta) == 0 {
		delete(o, "meta")
	}
}

package task

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
)

const (
	overdueTag = "overdue" // meta.tag, code system automation-action: the topic task-overdue follows from its being written
	sweepTime  = 15 * time.Second
	leaseTime  = time.Minute
	recordKind = "task-overdue"
	// longAgo is when a Task has been overdue for too long to be news: an import of old records raises no alarms.
	longAgo = 30 * 24 * time.Hour
	page    = 200
)

// openStatus are the statuses of Tasks that somebody should be doing.
const openStatus = "requested,received,accepted,ready,in-progress,on-hold"

// punctual takes the mark away from a Task that has more time now, or is over.
func (m *Module) punctual(r *fhir.Resource) (*fhir.Resource, error) {
	if !tagged(r, overdueTag) || m.isOverdue(r) {
		return nil, nil
	}
	return edited(r, func(o object) {
		meta, _ := o["meta"].(object)
		tags, _ := meta["tag"].([]any)
		var rest []any
		for _, tag := range tags {
			if t, _ := tag.(object); text(t["system"]) != actionSystem || text(t["code"]) != overdueTag {
				rest = append(rest, tag)
			}
		}
		if meta["tag"] = rest; rest == nil {
			delete(meta, "tag")
		}
		if len(meta) == 0 {
			delete(o, "meta")
		}
	})
}

func (m *Module) isOverdue(r *fhir.Resource) bool {
	root := r.Root()
	end, ok := fhir.ParseTemporal(root.Get("executionPeriod").Get("end").Text(), time.UTC)
	return ok && phaseOf(root.Get("status").Text()) == open && !end.High.After(m.config.Now())
}

// Run implements fhir.Worker: every 15 seconds it marks the Tasks that have become overdue.
func (m *Module) Run(ctx context.Context) {
	ctx = smart.System(ctx)
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := m.sweep(ctx, false); err != nil && ctx.Err() == nil {
			m.config.Log.Error("overdue Tasks could not be looked for, and will be again", slog.String("cause", err.Error()))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Drain implements fhir.Worker.
func (m *Module) Drain(ctx context.Context) error { return m.sweep(smart.System(ctx), true) }

// sweep marks what is overdue. The lease saves work and nothing else: a Task is marked once, however many servers there are.
func (m *Module) sweep(ctx context.Context, force bool) (err error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if failed := fhir.Recovered(recover()); failed != nil {
			err = failed
		}
	}()
	if mine, err := m.lead(ctx, force); !mine || err != nil {
		return err
	}
	for {
		ids, err := m.late(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := m.mark(ctx, id); err != nil {
				return err
			}
		}
	}
}

// late are the ids of Tasks that are overdue and not marked, a page of them.
func (m *Module) late(ctx context.Context) (ids []string, err error) {
	now := m.config.Now()
	q, _, err := m.config.Params.Parse("Task", fhir.Params{
		{Name: "status", Value: openStatus}, {Name: "period", Value: "eb" + search.Escape(instant(now))}, {Name: "period", Value: "gt" + search.Escape(instant(now.Add(-longAgo)))},
		{Name: "_tag:not", Value: actionSystem + "|" + overdueTag}, {Name: "_tag:not", Value: actionSystem + "|timer"},
	}, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now, Count: page})
	if err != nil {
		return nil, err
	}
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		ids = nil
		found, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range found.Resources {
			if m.isOverdue(r) {
				ids = append(ids, r.ID())
			}
		}
		return nil
	})
	return ids, err
}

// mark marks a Task and, where it is a step of a workflow, tells the supervisors.
func (m *Module) mark(ctx context.Context, id string) error {
	return m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		r, err := tx.Read(ctx, "Task", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil
		} else if err != nil || tagged(r, overdueTag) || !m.isOverdue(r) {
			return err
		}
		if len(groupsOf(r)) > 0 {
			if err := m.escalate(ctx, tx, r); err != nil {
				return err
			}
		}
		next, err := edited(r, func(o object) {
			meta, _ := o["meta"].(object)
			if meta == nil {
				meta = object{}
			}
			appended(meta, "tag", object{"system": actionSystem, "code": overdueTag})
			o["meta"] = meta
		})
		if err != nil {
			return err
		}
		_, err = tx.Put(ctx, next)
		return err
	})
}

// lease says which process looks for overdue Tasks, and until when no other does.
type lease struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// leaseIn reads the lease.
func leaseIn(ctx context.Context, tx fhir.Tx) (l lease, err error) {
	r, err := tx.Record(ctx, recordKind, "lease")
	if fhir.CodeOf(err) == fhir.NotFound {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(r.Value, &l)
	}
	return l, err
}

// left is how long a lease is in force. One that ends later than any could was taken under another clock.
func (l lease) left(now time.Time) time.Duration {
	if left := l.Until.Sub(now); left <= leaseTime {
		return max(left, 0)
	}
	return 0
}

// lead takes or keeps the lease. With force it takes it from whoever has it. An idle server writes it twice a minute.
func (m *Module) lead(ctx context.Context, force bool) (mine bool, err error) {
	now := m.config.Now()
	settled := false
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		l, err := leaseIn(ctx, tx)
		mine = l.Holder == m.name
		settled = mine && l.left(now) > leaseTime/2 || !mine && !force && l.left(now) > 0
		return err
	})
	if err != nil || settled {
		return mine, err
	}
	err = m.config.Store.Update(ctx, []string{recordKind}, func(tx fhir.Tx) error {
		l, err := leaseIn(ctx, tx)
		if mine = l.Holder == m.name || force || l.left(now) == 0; err != nil || !mine {
			return err
		}
		value, err := json.Marshal(lease{m.name, now.Add(leaseTime)})
		if err != nil {
			return err
		}
		return tx.Keep(ctx, &fhir.Record{Kind: recordKind, Key: "lease", Value: value})
	})
	return mine, err
}

package automation

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// state is what a process knows while it follows the outbox. It belongs to whoever has the turn.
type state struct {
	shipped bool             // the definitions that come with the program have been seen to
	leading bool             // this process has the lease
	until   time.Time        // the lease ends
	seq     fhir.Seq         // everything up to here has been seen to
	kept    fhir.Seq         // and this is what the store knows of that
	rules   map[string]*rule // in force at seq, by id
	topics  map[string]Topic // by the names of events; those that there are none for as well
	swept   time.Time        // when timers and periods were last looked at
}

const (
	recordState = "automation" // cursor and lease
	leaseTime   = 10 * time.Second
	pollTime    = 150 * time.Millisecond
	sweepTime   = 15 * time.Second
	batchSize   = 200
)

// Run implements fhir.Worker.
func (m *Module) Run(ctx context.Context) {
	ctx = smart.System(ctx)
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := m.step(ctx, false); err != nil && ctx.Err() == nil {
			m.config.Log.Error("automation could not go on, and will try again", slog.String("cause", err.Error()))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	m.release(context.WithoutCancel(ctx))
}

// Drain implements fhir.Worker.
func (m *Module) Drain(ctx context.Context) error { return m.step(smart.System(ctx), true) }

// step does what there is to do: all of the outbox, and what is due, if it is time to look or everything is to be done.
func (m *Module) step(ctx context.Context, all bool) (err error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if failed := fhir.Recovered(recover()); failed != nil {
			m.state.leading, err = false, failed
		}
	}()
	for {
		more, err := m.followed(ctx, all)
		if err != nil {
			m.state.leading = false // what is remembered may be ahead of what is stored
			return err
		}
		now := m.config.Now()
		if passed := now.Sub(m.state.swept); all || more || passed >= sweepTime || passed < 0 {
			m.state.swept = now
			did, err := m.sweep(ctx)
			if err != nil {
				return err
			}
			more = more || did
		}
		if !more || !all {
			return nil
		}
	}
}

// followed sees to what the outbox has beyond the cursor, and reports whether there was anything that a rule fired for.
func (m *Module) followed(ctx context.Context, force bool) (fired bool, err error) {
	if !m.state.shipped {
		if err := m.ship(ctx); err != nil {
			return false, err
		}
		m.state.shipped = true
	}
	if ok, err := m.lead(ctx, force); !ok || err != nil {
		return false, err
	}
	for {
		events, err := m.config.Store.Events(ctx, m.state.seq, batchSize)
		if err != nil {
			return fired, err
		}
		if len(events) == 0 {
			return fired, m.keepCursor(ctx, fired || force)
		}
		for i := range events {
			did, err := m.event(ctx, &events[i])
			if err != nil {
				return fired, err
			}
			fired = fired || did
			m.state.seq = events[i].Seq
		}
		if err := m.keepCursor(ctx, fired); err != nil {
			return fired, err
		}
	}
}

// event sees to one event: it changes the rules in force, fires those that it is for, and lets timers follow.
func (m *Module) event(ctx context.Context, e *fhir.Event) (fired bool, err error) {
	if e.Type == "PlanDefinition" {
		delete(m.state.rules, e.ID)
		if e.Resource != nil {
			if r := readRule(e.Resource); r != nil {
				m.state.rules[e.ID] = r
			}
		}
	}
	if e.Type == "Basic" {
		m.state.topics = nil
	}
	if ok, err := m.concerned(ctx, e.Type); !ok || err != nil {
		return fired, err
	}
	o, err := m.occasion(ctx, e)
	if err != nil {
		return false, err
	}
	for _, r := range m.sorted() {
		did, err := m.fire(ctx, r, o)
		if err != nil {
			return fired, err
		}
		fired = fired || did
	}
	if e.Method == fhir.Create {
		return fired, nil
	}
	did, err := m.follow(ctx, o)
	return fired || did, err
}

// concerned reports whether any rule may be about resources of a type.
func (m *Module) concerned(ctx context.Context, typ string) (bool, error) {
	for _, r := range m.state.rules {
		for _, a := range triggered(r.actions) {
			for _, t := range a.triggers {
				switch t.Get("type").Text() {
				case dataAdded, dataModified, dataRemoved:
				case namedEvent:
					topic, err := m.topic(ctx, t.Get("name").Text())
					if err != nil {
						return false, err
					}
					if topic != nil && topic.About(typ) {
						return true, nil
					}
					continue
				default:
					continue
				}
				any := true
				for d := range t.Each("data") {
					any = false
					if name := d.Get("type").Text(); name == typ || name == "Resource" || name == "DomainResource" {
						return true, nil
					}
				}
				if any {
					return true, nil
				}
			}
		}
	}
	return false, nil
}

// moment is when an event was. A clock that was put back has it later than now, because the times of versions never run backwards: then it was now.
func (m *Module) moment(e *fhir.Event) time.Time {
	if now := m.config.Now(); now.Before(e.LastUpdated) {
		return now
	}
	return e.LastUpdated
}

// occasion is what an event means for rules. Of a resource that is removed, the last content is what they see.
func (m *Module) occasion(ctx context.Context, e *fhir.Event) (*occasion, error) {
	o := &occasion{
		event: e, id: "seq:" + seqText(e.Seq), seq: e.Seq, time: m.moment(e), resource: e.Resource, at: e.Type + "/" + e.ID + "/_history/" + e.VersionID,
		kind: map[fhir.Interaction]string{fhir.Create: dataAdded, fhir.Update: dataModified, fhir.Delete: dataRemoved}[e.Method],
	}
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		if o.cause, err = causeOf(ctx, tx, e.Type, e.ID, e.VersionID); err != nil || e.Method == fhir.Create {
			return err
		}
		page, err := tx.History(ctx, fhir.HistoryQuery{Type: e.Type, ID: e.ID, Before: e.Seq, Count: 1})
		if err == nil && len(page.Events) > 0 {
			o.previous = page.Events[0].Resource
		}
		return err
	})
	if o.resource == nil {
		o.resource = o.previous
	}
	if o.kind == dataModified && o.previous == nil {
		o.kind = dataAdded // it comes back after it was deleted
	}
	return o, err
}

// lead takes or keeps the lease on the outbox. With force it takes it from whoever has it: nothing is done twice because of that.
func (m *Module) lead(ctx context.Context, force bool) (bool, error) {
	now := m.config.Now()
	left := m.state.until.Sub(now)
	if m.state.leading && left > leaseTime/2 && left <= leaseTime {
		return true, nil
	}
	if !m.state.leading && !force { // most often another process has it: that costs no turn among the writers
		free := false
		err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
			var l lease
			err := load(ctx, tx, recordState, "lease", &l)
			free = l.Holder == m.name || !l.held(now, leaseTime)
			return err
		})
		if err != nil || !free {
			return false, err
		}
	}
	taken := false
	err := m.config.Store.Update(ctx, []string{"automation:lease"}, func(tx fhir.Tx) error {
		taken = false
		var l lease
		if err := load(ctx, tx, recordState, "lease", &l); err != nil {
			return err
		}
		if l.Holder != m.name && l.held(now, leaseTime) && !force {
			return nil
		}
		taken = true
		if l.Holder != m.name {
			m.state.leading = false
		}
		return keep(ctx, tx, recordState, "lease", "", time.Time{}, lease{m.name, now.Add(leaseTime)})
	})
	if err != nil || !taken {
		m.state.leading = false
		return false, err
	}
	m.state.until = now.Add(leaseTime)
	if !m.state.leading {
		if err := m.load(ctx); err != nil {
			return false, err
		}
		m.state.leading = true
	}
	return true, nil
}

// release gives the lease back, so that another process need not wait for its end.
func (m *Module) release(ctx context.Context) {
	if !m.state.leading {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := m.keepCursor(ctx, true); err != nil {
		return // the lease ends by itself
	}
	_ = m.config.Store.Update(ctx, []string{"automation:lease"}, func(tx fhir.Tx) error {
		var l lease
		if err := load(ctx, tx, recordState, "lease", &l); err != nil || l.Holder != m.name {
			return err
		}
		return tx.Drop(ctx, recordState, "lease")
	})
}

// lease says who does something, and until when nobody else does it.
type lease struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// held reports whether a lease is in force. One that ends later than any could was taken under another clock.
func (l lease) held(now time.Time, length time.Duration) bool {
	return l.Holder != "" && l.Until.After(now) && !l.Until.After(now.Add(length))
}

// load reads a record into v, which stays as it is where there is none.
func load(ctx context.Context, tx fhir.Tx, kind, key string, v any) error {
	r, err := tx.Record(ctx, kind, key)
	if fhir.CodeOf(err) == fhir.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(r.Value, v); err != nil {
		return errors.Join(errors.New("a record of the automation cannot be read"), err)
	}
	return nil
}

// keep writes a record.
func keep(ctx context.Context, tx fhir.Tx, kind, key, owner string, expires time.Time, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Keep(ctx, &fhir.Record{Kind: kind, Key: key, Owner: owner, Expires: expires, Value: text})
}

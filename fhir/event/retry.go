package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"andiron.dev/fhir"
)

// giveUp is how long deliveries of a subscription may fail before it goes into error (domain.md §5.4).
const giveUp = 72 * time.Hour

// delay is how long to wait after so many failed attempts in a row.
func delay(failed int) time.Duration {
	steps := []time.Duration{0, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}
	return steps[min(failed, len(steps))-1]
}

// tried notes how an attempt went, and reports whether it succeeded.
func (d *desk) tried(s *subscription, def *definition, err error) bool {
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		s.told = d.config.Now().Unix()
		if s.sent.Failed > 0 {
			s.sent = sent{Number: s.sent.Number}
			d.dirty[s] = struct{}{}
		}
		return true
	}
	if d.ctx.Err() != nil {
		return false // the server stops: that is nobody's failure
	}
	if errors.Is(err, ErrRevoked) {
		d.settle(s, def, "off", "the rights that the subscription was made with have ended")
		return false
	}
	now := d.config.Now()
	d.mu.Lock()
	t := &s.sent
	if t.Failed++; t.Failed == 1 {
		t.First = now
	}
	t.Next, t.Problem = now.Add(delay(t.Failed)), said(err)
	over := now.Sub(t.First) >= giveUp || errors.Is(err, ErrPermanent)
	d.dirty[s] = struct{}{}
	d.mu.Unlock()
	if over {
		d.settle(s, def, "error", "notifications could not be delivered: "+said(err))
	}
	return false
}

// said is an error as subscribers are told of it.
func said(err error) string {
	var o *fhir.Outcome
	switch {
	case errors.As(err, &o) && len(o.Issues) > 0:
		return o.Issues[0].Text
	case errors.Is(err, context.DeadlineExceeded):
		return "the subscriber took too long"
	}
	const most = 300
	text := []rune(err.Error())
	return string(text[:min(len(text), most)])
}

// settle writes the status that the server has decided on, unless the Subscription has been changed meanwhile: then that version counts.
func (d *desk) settle(s *subscription, def *definition, status, problem string) {
	written := false
	err := d.store.Update(d.ctx, nil, func(tx fhir.Tx) error {
		written = false
		if _, err := d.hold(d.ctx, tx); err != nil {
			return err
		}
		now, err := tx.Read(d.ctx, "Subscription", s.id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil
		}
		if err != nil || now.VersionID() != def.resource.VersionID() {
			return err
		}
		r, err := withStatus(now, status, problem)
		if err == nil {
			_, err = tx.Put(d.ctx, r)
		}
		written = err == nil
		return err
	})
	if err != nil {
		if d.ctx.Err() == nil && !errors.Is(err, errLost) {
			d.config.Log.Error("the status of a Subscription cannot be written", slog.String("id", s.id), slog.String("cause", err.Error()))
		}
		_ = pause(d.ctx, time.Second)
		return
	}
	if !written { // the version that came between is on its way: what failed is tried again as soon as it is here
		_ = pause(d.ctx, pollEvery)
		d.mu.Lock()
		s.sent.Next = time.Time{}
		d.mu.Unlock()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.def != def {
		return
	}
	settled := *def
	settled.status = status
	s.def, s.greet = &settled, false
	if status != "active" {
		s.sent.Failed, s.sent.Next, s.sent.First = 0, time.Time{}, time.Time{}
		d.dirty[s] = struct{}{}
	}
}

// withStatus is a Subscription with another status and error text.
func withStatus(r *fhir.Resource, status, problem string) (*fhir.Resource, error) {
	w := fhir.NewWriter(len(r.Body()) + 256)
	w.Object()
	for p := r.Root().First(); p.Exists(); p = p.Next() {
		switch p.Name() {
		case "status", "error", "_error":
			continue
		}
		w.Name(p.Name()).Raw(p.Raw())
	}
	w.Name("status").String(status)
	if problem != "" {
		w.Name("error").String(problem)
	}
	w.EndObject()
	return fhir.ParseResource(string(w.Take()), fhir.Limits{})
}

// flushEvery is how often progress is written down: what a crash forgets of it is delivered again.
const flushEvery = 250 * time.Millisecond

func (d *desk) flushes(ctx context.Context) {
	for rest := flushEvery; pause(ctx, rest) == nil; {
		begun := time.Now() // on the wall: requests want to write as well
		d.flush(ctx)
		rest = max(flushEvery, min(10*time.Since(begun), time.Second))
	}
}

// flush writes down how far deliveries have come, and reports whether nothing is left to be written.
func (d *desk) flush(ctx context.Context) bool {
	type progress struct {
		sent sent
		gone bool
	}
	d.mu.Lock()
	now := make(map[*subscription]progress, len(d.dirty))
	for s := range d.dirty {
		now[s] = progress{sent: s.sent, gone: d.subs[s.id] != s}
	}
	clear(d.dirty)
	d.mu.Unlock()
	if len(now) == 0 {
		return true
	}
	err := d.store.Update(ctx, nil, func(tx fhir.Tx) error {
		if _, err := d.hold(ctx, tx); err != nil {
			return err
		}
		for s, p := range now {
			if p.gone {
				continue
			}
			if err := keep(ctx, tx, fhir.Record{Kind: deliveryRecord, Key: s.id}, p.sent); err != nil {
				return err
			}
			if err := trim(ctx, tx, s.id, p.sent.Number-keptEvents); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.mu.Lock()
		for s := range now {
			d.dirty[s] = struct{}{}
		}
		d.mu.Unlock()
	}
	return err == nil
}

// trim drops what was delivered long ago: the oldest record, if it ends before a number. As many are dropped as are made.
func trim(ctx context.Context, tx fhir.Recorder, id string, before int64) error {
	if before <= maxBatch {
		return nil
	}
	oldest, err := tx.Records(ctx, eventsRecord, id, "", 4)
	if err != nil {
		return err
	}
	limit := eventsKey(id, before-maxBatch)
	for _, r := range oldest {
		if r.Key < limit {
			if err := tx.Drop(ctx, eventsRecord, r.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

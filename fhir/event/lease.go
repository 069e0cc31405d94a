package event

import (
	"context"
	"errors"
	"time"

	"andiron.dev/fhir"
)

// errLost says that another process has taken the lease.
var errLost = errors.New("another process dispatches events")

// beat is the lease: who dispatches, and that they are alive. A process takes it when the beat has not changed while it looked beatsMissed
// times. That depends on nobody's clock, neither on those of other machines nor on one that a test has stopped.
type beat struct {
	Holder string `json:"holder"`
	Count  int64  `json:"count"`
}

const (
	beatEvery   = 700 * time.Millisecond
	lookEvery   = 500 * time.Millisecond
	beatsMissed = 5
)

// hold reads the lease within an update, and fails with errLost where it is another's.
func (w *Worker) hold(ctx context.Context, tx fhir.RecordReader) (beat, error) {
	var b beat
	ok, err := fetch(ctx, tx, leaseRecord, "dispatcher", &b)
	if err == nil && (!ok || b.Holder != w.holder) {
		err = errLost
	}
	return b, err
}

// take waits until the lease is this process's. It fails when ctx ends.
func (w *Worker) take(ctx context.Context) error {
	var seen beat
	for missed := 0; ; missed++ {
		var found beat
		mine := false
		err := w.store.Update(ctx, nil, func(tx fhir.Tx) error {
			mine, found = false, beat{}
			ok, err := fetch(ctx, tx, leaseRecord, "dispatcher", &found)
			if err != nil || ok && found.Holder != w.holder && (found != seen || missed < beatsMissed) {
				return err
			}
			mine = true
			return keep(ctx, tx, fhir.Record{Kind: leaseRecord, Key: "dispatcher"}, beat{Holder: w.holder, Count: found.Count + 1})
		})
		if err == nil && mine {
			return nil
		}
		if found != seen {
			seen, missed = found, 0
		}
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// beats keeps the lease alive, and calls lost when that is not possible any more.
func (w *Worker) beats(ctx context.Context, lost func()) {
	for failures := 0; pause(ctx, beatEvery) == nil; {
		err := w.store.Update(ctx, nil, func(tx fhir.Tx) error {
			b, err := w.hold(ctx, tx)
			if err != nil {
				return err
			}
			b.Count++
			return keep(ctx, tx, fhir.Record{Kind: leaseRecord, Key: "dispatcher"}, b)
		})
		if failures++; err == nil {
			failures = 0
		}
		if errors.Is(err, errLost) || failures == beatsMissed-2 {
			lost()
			return
		}
	}
}

// release lets another process go on at once.
func (w *Worker) release(ctx context.Context) error {
	err := w.store.Update(ctx, nil, func(tx fhir.Tx) error {
		if _, err := w.hold(ctx, tx); err != nil {
			return err
		}
		return tx.Drop(ctx, leaseRecord, "dispatcher")
	})
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// pause waits, or fails because ctx has ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package event

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
)

// Worker dispatches events and delivers notifications. It implements fhir.Worker.
type Worker struct {
	*Module
	store  fhir.Store
	holder string               // names this process in the lease
	desk   atomic.Pointer[desk] // nil = the lease is not this process's
	tell   chan struct{}        // events have been numbered: see bound.go
	// greeted is the number of events that a handshake has told of, by the id of the Subscription: what comes next is what follows.
	greeted sync.Map
}

var _ fhir.Worker = (*Worker)(nil)

func newWorker(m *Module) *Worker {
	return &Worker{Module: m, store: m.config.Store, holder: rand.Text(), tell: make(chan struct{}, 1)}
}

// Run implements fhir.Worker.
func (w *Worker) Run(ctx context.Context) {
	sessions := make(chan struct{})
	go func() {
		defer close(sessions)
		w.sessions(ctx)
	}()
	for ctx.Err() == nil {
		if err := w.lead(ctx); err != nil && ctx.Err() == nil {
			w.config.Log.Error("subscriptions are not served", slog.String("cause", err.Error()))
			_ = pause(ctx, time.Second)
		}
	}
	<-sessions
}

// lead takes the lease and dispatches until it is lost.
func (w *Worker) lead(ctx context.Context) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	at, stop := context.WithCancel(ctx)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		w.beats(at, stop)
	}()
	d, err := w.open(at) // at ends when the lease is lost
	if err == nil {
		w.desk.Store(d)
		err = d.run()
		w.desk.Store(nil)
	}
	stop()
	<-beating
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if d != nil {
		d.running.Wait()
		d.flush(ending)
	}
	if released := w.release(ending); err == nil {
		err = released
	}
	return err
}

// Drain implements fhir.Worker. Where another process dispatches, it is that process that sees to everything: then it is enough to know that it
// is alive.
func (w *Worker) Drain(ctx context.Context) error {
	for first := (beat{}); ; {
		wait := 2 * time.Millisecond
		if d := w.desk.Load(); d != nil {
			done, err := d.idle(ctx)
			if err != nil {
				return err
			}
			if done {
				return nil
			}
		} else {
			var now beat
			if err := w.store.View(ctx, func(tx fhir.Tx) error {
				_, err := fetch(ctx, tx, leaseRecord, "dispatcher", &now)
				return err
			}); err != nil {
				return err
			}
			switch {
			case now.Holder == "" || now.Holder == w.holder || first.Holder != now.Holder:
				first = now
			case now.Count != first.Count:
				return nil
			}
			wait = 20 * time.Millisecond
		}
		if err := pause(ctx, wait); err != nil {
			return fhir.NewOutcome(fhir.Timeout, "subscriptions are still being served").WithCause(err)
		}
	}
}

// awaiter is a store that tells when something has been committed.
type awaiter interface {
	// Await returns when there is a version after a place in the commit order. Errors: that of ctx.
	Await(ctx context.Context, after fhir.Seq) error
}

// pollEvery is how often a store that is no awaiter is asked.
const pollEvery = 10 * time.Millisecond

func (w *Worker) await(ctx context.Context, after fhir.Seq) error {
	if a, ok := w.store.(awaiter); ok {
		return a.Await(ctx, after)
	}
	return pause(ctx, pollEvery)
}

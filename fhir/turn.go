package fhir

import (
	"context"
	"time"
)

// Turn lets one of those who would do something do it at a time: the loop of a Worker's Run, or its Drain.
type Turn struct{ taken chan struct{} }

// NewTurn makes a turn that nobody has.
func NewTurn() *Turn { return &Turn{make(chan struct{}, 1)} }

// Do carries out fn when it is its turn. Errors: that of ctx where it ends before that; Exception where fn panics.
func (t *Turn) Do(ctx context.Context, fn func() error) (err error) {
	select {
	case t.taken <- struct{}{}:
		defer func() { <-t.taken }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if failed := Recovered(recover()); failed != nil {
			err = failed
		}
	}()
	return fn()
}

// Every calls fn at once and after each period until ctx ends.
func Every(ctx context.Context, period time.Duration, fn func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for ctx.Err() == nil {
		fn()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

package mongo

import (
	"context"
	"sync"

	"andiron.dev/fhir"
)

// admission lets views and updates in until the store is closed, and has Close wait for those that are inside.
type admission struct {
	mu     sync.RWMutex
	closed bool
	inside sync.WaitGroup
}

const errClosed = constError("the store is closed")

// enter fails when the store is closed or the request has been given up; otherwise leave must follow.
func (a *admission) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return givenUp(err)
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return fhir.NewOutcome(fhir.Transient, "the server is shutting down; the request was not carried out").WithCause(errClosed)
	}
	a.inside.Add(1)
	return nil
}

func (a *admission) leave() { a.inside.Done() }

// close lets nobody in any more and waits until all have left.
func (a *admission) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.inside.Wait()
}

// givenUp is the error for a request whose context has ended.
func givenUp(cause error) error {
	return fhir.NewOutcome(fhir.Timeout, "the request was given up before the store could answer").WithCause(cause)
}

package sqlite

import (
	"context"
	"sync"
	"time"

	"andiron.dev/fhir"
)

// awaitOthers is how often to look for what other processes have committed.
const awaitOthers = 250 * time.Millisecond

// bell wakes those who wait for commits of this process.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // closed by the next commit; nil = nobody waits
}

// ring wakes all who wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// wait gives a channel that the next commit closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// Await returns when there is a version after a place in the commit order: at once where this process has committed it, within a quarter of a
// second where another has. Errors: those of Events, and that of ctx.
func (s *Store) Await(ctx context.Context, after fhir.Seq) error {
	tick := time.NewTicker(awaitOthers)
	defer tick.Stop()
	for {
		next := s.bell.wait() // before looking, so that no commit falls in between
		events, err := s.Events(ctx, after, 1)
		if err != nil || len(events) > 0 {
			return err
		}
		select {
		case <-next:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

package fhir

import (
	"context"
	"sync"
	"time"
)

// awaitOthers is how often to look for what other processes have committed.
const awaitOthers = 250 * time.Millisecond

// Bell wakes those who wait for commits of this process. The zero Bell is ready for use.
type Bell struct {
	mu   sync.Mutex
	next chan struct{} // closed by the next commit; nil = nobody waits
}

// Ring wakes all who wait.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// wait gives a channel that the next commit closes.
func (b *Bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// Await returns when the store s, whose engine rings the bell after each commit, has a version after a place in the commit order: at once where
// this process has committed it, within a quarter of a second where another has. Errors: those of Store.Events, and that of ctx.
func (b *Bell) Await(ctx context.Context, s Store, after Seq) error {
	tick := time.NewTicker(awaitOthers)
	defer tick.Stop()
	for {
		next := b.wait() // before looking, so that no commit falls in between
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

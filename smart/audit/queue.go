package audit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
)

const (
	lateness  = 100 * time.Millisecond // how long an event waits for others to share a commit with
	batch     = 512                    // events that share a commit at most
	room      = 4096                   // events that may wait; when there are so many, requests wait too
	patience  = 5 * time.Second        // how long a request waits
	farewell  = 10 * time.Second       // how long close tries to write what is left
	retryMost = time.Second
)

// queue writes events in batches, beside requests. It loses none: what cannot be written is tried again, and meanwhile nothing more is
// accepted.
type queue struct {
	journal fhir.Journal
	log     *slog.Logger
	in      chan item
	mu      sync.RWMutex // held for writing to close in
	closed  bool
	broken  atomic.Bool
	done    chan struct{}
	quit    chan struct{} // closed when close has given up
	lost    int           // events that close could not write
}

// item is an event; or, without one, a request to write what came before it.
type item struct {
	event *Event
	done  chan error // hears when it is durable; nil = nobody waits
}

func newQueue(journal fhir.Journal, log *slog.Logger) *queue {
	q := &queue{journal: journal, log: log, in: make(chan item, room), done: make(chan struct{}), quit: make(chan struct{})}
	go q.serve()
	return q
}

// ready says whether events can be written. Errors: Transient.
func (q *queue) ready() error {
	if q.broken.Load() {
		return unwritable(nil)
	}
	return nil
}

func unwritable(cause error) error {
	o := fhir.NewOutcome(fhir.Transient, "the audit trail cannot be written, so the request was not carried out; try again later").WithCause(cause)
	o.RetryAfter = time.Second
	return o
}

// put queues an event; with strict it waits until it is durable.
func (q *queue) put(ctx context.Context, e *Event, strict bool) error {
	if err := q.ready(); err != nil {
		return err
	}
	it := item{event: e}
	if strict {
		it.done = make(chan error, 1)
	}
	return q.send(ctx, it)
}

func (q *queue) flush(ctx context.Context) error {
	if err := q.ready(); err != nil {
		return err
	}
	return q.send(ctx, item{done: make(chan error, 1)})
}

func (q *queue) send(ctx context.Context, it item) error {
	if err := q.enter(ctx, it); err != nil {
		return err
	}
	if it.done == nil {
		return nil
	}
	select {
	case err := <-it.done:
		return err
	case <-ctx.Done():
		return unwritable(ctx.Err())
	}
}

func (q *queue) enter(ctx context.Context, it item) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return unwritable(nil)
	}
	select {
	case q.in <- it:
		return nil
	default:
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case q.in <- it:
		return nil
	case <-wait.C:
		return unwritable(nil)
	case <-ctx.Done():
		return unwritable(ctx.Err())
	}
}

// serve writes what is queued until the queue is closed.
func (q *queue) serve() {
	defer close(q.done)
	for first := range q.in {
		items := append(make([]item, 0, 64), first)
		items = q.gather(items)
		q.write(items)
	}
}

// gather waits for events that the first ones can share a commit with, unless somebody waits for these.
func (q *queue) gather(items []item) []item {
	wait := time.NewTimer(lateness)
	defer wait.Stop()
	for last := items[len(items)-1]; len(items) < batch; {
		if last.done != nil {
			select { // whatever is there already
			case it, ok := <-q.in:
				if !ok {
					return items
				}
				items = append(items, it)
				continue
			default:
			}
			return items
		}
		select {
		case it, ok := <-q.in:
			if !ok {
				return items
			}
			items, last = append(items, it), it
		case <-wait.C:
			return items
		}
	}
	return items
}

// write appends events to the journal, however long that takes.
func (q *queue) write(items []item) {
	entries := make([]*fhir.JournalEntry, 0, len(items))
	for _, it := range items {
		if it.event != nil {
			entries = append(entries, it.event.Entry())
		}
	}
	err := q.attempt(entries)
	for delay := 50 * time.Millisecond; err != nil; delay = min(2*delay, retryMost) {
		if !q.broken.Swap(true) {
			q.log.Error("the audit trail cannot be written", slog.String("cause", err.Error()))
		}
		for i := range items { // whoever waits for these need not wait for the journal to recover
			if items[i].done != nil {
				items[i].done <- unwritable(err)
				items[i].done = nil
			}
		}
		select {
		case <-time.After(delay):
		case <-q.quit:
			q.lost += len(entries)
			return
		}
		err = q.attempt(entries)
	}
	if q.broken.Swap(false) {
		q.log.Info("the audit trail is written again")
	}
	for _, it := range items {
		if it.done != nil {
			it.done <- nil
		}
	}
}

func (q *queue) attempt(entries []*fhir.JournalEntry) error {
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries { // what an attempt has put there
		e.Seq, e.Hash, e.Time = 0, nil, time.Time{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	return q.journal.Append(ctx, entries...)
}

// close writes what is left.
func (q *queue) close() error {
	q.mu.Lock()
	again := q.closed
	if !again {
		q.closed = true
		close(q.in)
	}
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-time.After(farewell):
		if !again {
			close(q.quit)
		}
		<-q.done
	}
	if q.lost > 0 {
		return fmt.Errorf("the audit trail could not be written: %d events are lost", q.lost)
	}
	return nil
}

package event

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"andiron.dev/fhir"
)

// desk is the work of the process that has the lease: it follows the outbox, and delivers.
type desk struct {
	*Worker
	ctx   context.Context // of all that is done here
	stop  func()          // ends it
	judge *judge
	board board

	mu      sync.Mutex
	subs    map[string]*subscription
	at      fhir.Seq // seen to
	busy    int      // subscriptions that something is being delivered for
	dirty   map[*subscription]struct{}
	running sync.WaitGroup
	slots   chan struct{} // see mostAtOnce
	turns   *turns
	recent  recent

	cursor fhir.Seq // what is seen to durably: events after it concern nobody
}

// Bounds of the work.
const (
	maxBatch   = 256    // events of the outbox in a commit, and so the most in a record of a subscription
	mostNoted  = 20_000 // events of subscriptions in a commit
	mostAtOnce = 512    // deliveries at a time
	mostBehind = 1000   // events that concern nobody may be looked at again after a crash
)

// noted is what a batch does to a subscription.
type noted struct {
	events []happened
	chunk  chunk
	gone   bool
}

// run follows the outbox until ctx ends.
func (d *desk) run() error {
	ctx := d.ctx
	var beside sync.WaitGroup
	defer beside.Wait()
	defer d.stop()
	beside.Go(func() { d.flushes(ctx) })
	beside.Go(func() { d.schedule(ctx) })
	d.kick()
	for {
		events, err := d.store.Events(ctx, d.seen(), maxBatch)
		if err == nil && len(events) == 0 {
			err = d.await(ctx, d.seen())
		} else if err == nil {
			err = d.step(ctx, events)
		}
		switch {
		case ctx.Err() != nil, errors.Is(err, errLost):
			return nil
		case err != nil:
			return err
		}
	}
}

func (d *desk) seen() fhir.Seq {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// step sees to events: whom they concern, in which order, is settled in one commit.
func (d *desk) step(ctx context.Context, events []fhir.Event) error {
	batch := make(map[*subscription]*noted)
	note := func(s *subscription) *noted {
		if batch[s] == nil {
			batch[s] = &noted{}
		}
		return batch[s]
	}
	var shared []happened
	total, last := 0, fhir.Seq(0)
	for i := range events {
		e := &events[i]
		last = e.Seq
		switch {
		case e.Type == "Subscription":
			if s := d.changed(ctx, e); s != nil {
				note(s).gone = e.Resource == nil
			}
		case e.Type == "Basic":
			if err := d.topicChanged(ctx, e); err != nil {
				return err
			}
		}
		found, err := d.match(ctx, e)
		if err != nil {
			return err
		}
		h := happened{Seq: e.Seq, Type: e.Type, ID: e.ID, Version: e.VersionID, Method: e.Method, Time: e.LastUpdated, resource: e.Resource}
		if len(found) > 0 {
			shared = append(shared, h)
		}
		for s := range found {
			s.state.Number++
			h.Number = s.state.Number
			n := note(s)
			n.events = append(n.events, h)
			n.chunk.add(len(shared) - 1)
			total++
		}
		if total >= mostNoted {
			break
		}
	}
	var took time.Duration
	if len(batch) > 0 || last-d.cursor > mostBehind {
		begun := time.Now() // on the wall: this is about how busy the machine is
		if err := d.commit(ctx, last, shared, batch); err != nil {
			return err
		}
		took = time.Since(begun)
		d.cursor = last
	}
	d.enqueue(last, batch)
	if len(batch) > 16 { // what is written in larger portions costs less, and requests want to write as well
		return pause(ctx, min(4*took, 200*time.Millisecond))
	}
	return nil
}

// commit moves the cursor and keeps what came of the events, or does neither.
func (d *desk) commit(ctx context.Context, last fhir.Seq, shared []happened, batch map[*subscription]*noted) error {
	key := fmt.Sprintf("%016d", last)
	expires := d.config.Now().Add(keptTime)
	return d.store.Update(ctx, nil, func(tx fhir.Tx) error {
		if _, err := d.hold(ctx, tx); err != nil {
			return err
		}
		if len(shared) > 0 {
			if err := keep(ctx, tx, fhir.Record{Kind: batchRecord, Key: key, Expires: expires}, shared); err != nil {
				return err
			}
		}
		for s, n := range batch { // first: another may have been made since under the id of one that is gone
			if n.gone {
				if err := forget(ctx, tx, s.id); err != nil {
					return err
				}
			}
		}
		for s, n := range batch {
			if n.gone {
				continue
			}
			if err := keep(ctx, tx, fhir.Record{Kind: stateRecord, Key: s.id}, s.state); err != nil {
				return err
			}
			if len(n.events) == 0 {
				continue
			}
			r := fhir.Record{Kind: eventsRecord, Key: eventsKey(s.id, n.events[0].Number), Owner: s.id, Expires: expires}
			n.chunk.Batch = key
			if err := keep(ctx, tx, r, n.chunk); err != nil {
				return err
			}
		}
		return keep(ctx, tx, fhir.Record{Kind: cursorRecord, Key: "outbox"}, last)
	})
}

// forget drops all that is kept of a subscription. Its owner is dropped with the Subscription: see the rules.
func forget(ctx context.Context, tx fhir.Recorder, id string) error {
	for _, kind := range []string{stateRecord, deliveryRecord, resendRecord} {
		if err := tx.Drop(ctx, kind, id); err != nil {
			return err
		}
	}
	for after := ""; ; {
		records, err := tx.Records(ctx, eventsRecord, id, after, 1000)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			after = r.Key
			if err := tx.Drop(ctx, eventsRecord, r.Key); err != nil {
				return err
			}
		}
	}
}

// enqueue hands what has been committed to the loops.
func (d *desk) enqueue(last fhir.Seq, batch map[*subscription]*noted) {
	d.mu.Lock()
	for s, n := range batch {
		s.number = s.state.Number
		for _, h := range n.events {
			s.hold(h)
		}
		d.start(s)
	}
	d.at = last
	d.mu.Unlock()
	if len(batch) > 0 {
		select {
		case d.tell <- struct{}{}:
		default:
		}
	}
}

// idle has all that is due begun, and reports whether nothing is left.
func (d *desk) idle(ctx context.Context) (bool, error) {
	d.kick()
	events, err := d.store.Events(ctx, d.seen(), 1)
	if err != nil || len(events) > 0 {
		return false, err
	}
	d.mu.Lock()
	busy := d.busy
	d.mu.Unlock()
	if busy > 0 {
		return false, nil
	}
	return d.flush(ctx), nil
}

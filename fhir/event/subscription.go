package event

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// subscription is a Subscription at work.
type subscription struct {
	id    string
	state state       // the dispatcher's
	def   *definition // nil = it cannot be served; written by the dispatcher, under the lock of the desk
	// resource is what def was read from.
	resource *fhir.Resource

	// What follows is under the lock of the desk.
	number  int64      // of the last event that has been committed
	sent    sent       //
	pending []happened // what follows sent, as far as it is held in memory
	greet   bool       // a handshake is due
	again   []span     // to be sent once more
	running bool
	told    int64 // Unix seconds of the last notification, for the heartbeat; 0 = there was none
}

// mostHeld bounds the events in memory of one subscription; what is beyond is read when its turn comes.
const (
	mostHeld  = 1000
	largeText = 32 << 10
)

// hold keeps an event in memory if it follows what is there.
func (s *subscription) hold(h happened) {
	follows := s.sent.Number + 1
	if n := len(s.pending); n > 0 {
		follows = s.pending[n-1].Number + 1
	}
	if h.Number != follows || len(s.pending) >= mostHeld {
		return
	}
	if h.resource != nil && len(h.resource.Body()) > largeText {
		h.resource = nil
	}
	s.pending = append(s.pending, h)
}

// open reads what there is to do.
func (w *Worker) open(ctx context.Context) (*desk, error) {
	ctx, stop := context.WithCancel(ctx)
	d := &desk{
		Worker: w, ctx: ctx, stop: stop, judge: w.newJudge(), board: newBoard(w.config.Params), subs: make(map[string]*subscription),
		dirty: make(map[*subscription]struct{}), slots: make(chan struct{}, mostAtOnce), turns: newTurns(w.config.Busy),
	}
	err := w.store.View(ctx, func(tx fhir.Tx) error {
		ok, err := fetch(ctx, tx, cursorRecord, "outbox", &d.cursor)
		if err == nil && !ok {
			d.cursor, err = begin(ctx, tx)
		}
		if err != nil {
			return err
		}
		return d.load(ctx, tx)
	})
	d.at = d.cursor
	if err != nil {
		stop()
	}
	return d, err
}

// begin finds where to begin in a store that nobody has followed so far: before the first Subscription that waits for somebody, or at
// the end.
func begin(ctx context.Context, tx fhir.Tx) (fhir.Seq, error) {
	newest, err := tx.History(ctx, fhir.HistoryQuery{Count: 1})
	if err != nil || len(newest.Events) == 0 {
		return 0, err
	}
	from := newest.Events[0].Seq
	seen := make(map[string]bool)
	for q := (fhir.HistoryQuery{Type: "Subscription", Count: 1000}); ; {
		page, err := tx.History(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, e := range page.Events {
			if seen[e.ID] {
				continue
			}
			seen[e.ID] = true
			if e.Resource != nil && serves(e.Resource.Root().Get("status").Text()) {
				from = min(from, e.Seq-1)
			}
		}
		if q.Before = page.Next; q.Before == 0 {
			return from, nil
		}
	}
}

// serves reports whether events are counted for a subscription with this status. One in error goes on counting, so that its subscriber can
// ask for what it has missed.
func serves(status string) bool {
	return status == "requested" || status == "active" || status == "error"
}

// load reads the subscriptions as they were at the cursor.
func (d *desk) load(ctx context.Context, tx fhir.Tx) error {
	for after := ""; ; {
		records, err := tx.Records(ctx, stateRecord, "", after, 1000)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			after = r.Key
			s := &subscription{id: r.Key}
			if _, err := fetch(ctx, tx, stateRecord, r.Key, &s.state); err != nil {
				return err
			}
			if _, err := fetch(ctx, tx, deliveryRecord, r.Key, &s.sent); err != nil {
				return err
			}
			s.number = s.state.Number
			s.sent.Number = max(s.sent.Number, s.state.Skipped)
			resource, err := tx.VRead(ctx, "Subscription", s.id, s.state.Version)
			if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
				continue
			} else if err != nil {
				return err
			}
			d.subs[s.id] = s
			if err := d.define(ctx, tx, s, resource, d.cursor); err != nil {
				return err
			}
			if s.greet { // failures were of what it was before it was asked for anew
				s.sent = sent{Number: s.sent.Number}
			}
		}
	}
}

// define takes over what a Subscription says, with its topic as it was at a place in the commit order. Errors are those of the store.
func (d *desk) define(ctx context.Context, tx fhir.Tx, s *subscription, r *fhir.Resource, seq fhir.Seq) error {
	var t *topic
	def, err := d.definitionOf(r, func(url string) (found *topic, err error) {
		t, err = d.topicAt(ctx, tx, url, seq)
		return t, err
	})
	if failing(err) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.board.remove(s)
	s.def, s.resource, s.greet = def, r, false
	if err != nil {
		// Stored by something that knows no rules, or its topic is gone: nothing can be sent.
		d.config.Log.Warn("a Subscription cannot be served", slog.String("id", s.id), slog.String("cause", err.Error()))
		s.state.On = false
		return nil
	}
	s.state.On = serves(def.status)
	s.greet = def.status == "requested"
	if s.state.On {
		d.board.add(s, t)
	}
	return nil
}

// failing reports whether an error says nothing about what was asked, but that the store could not answer.
func failing(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.Exception, fhir.Transient, fhir.Timeout, fhir.LockError, fhir.Throttled, fhir.NoStore:
		return true
	}
	return false
}

// redefine is define in a view of its own, until the store answers: nothing that follows may be matched against what is out of date.
func (d *desk) redefine(ctx context.Context, s *subscription, r *fhir.Resource, seq fhir.Seq) {
	for {
		err := d.store.View(ctx, func(tx fhir.Tx) error { return d.define(ctx, tx, s, r, seq) })
		if err == nil || ctx.Err() != nil {
			return
		}
		d.config.Log.Error("a Subscription cannot be read, and will be again", slog.String("id", s.id), slog.String("cause", said(err)))
		_ = pause(ctx, time.Second)
	}
}

// changed takes over a version of a Subscription; nil where it is none that is known.
func (d *desk) changed(ctx context.Context, e *fhir.Event) *subscription {
	s := d.subs[e.ID]
	if e.Resource == nil {
		if s == nil {
			return nil
		}
		d.mu.Lock()
		d.board.remove(s)
		s.def, s.state.On, s.greet, s.pending = nil, false, false, nil
		delete(d.subs, e.ID)
		delete(d.dirty, s)
		d.mu.Unlock()
		return s
	}
	before := ""
	d.mu.Lock()
	if s == nil {
		s = &subscription{id: e.ID}
		d.subs[e.ID] = s
	} else if s.def != nil {
		before = s.def.status
	}
	d.mu.Unlock()
	s.state.Version = e.VersionID
	d.redefine(ctx, s, e.Resource, e.Seq)
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.greet {
		s.sent = sent{Number: s.sent.Number}
		if before == "error" || before == "off" {
			// What was missed is asked for with $events: a subscriber that comes back must not be flooded.
			s.state.Skipped = s.state.Number
			s.sent.Number, s.pending = s.state.Number, nil
		}
		d.dirty[s] = struct{}{}
	}
	return s
}

// topicChanged reads anew what follows a topic.
func (d *desk) topicChanged(ctx context.Context, e *fhir.Event) error {
	var urls []string
	if url := topicURL(e.Resource); url != "" {
		urls = append(urls, url)
	}
	if e.Method != fhir.Create {
		previous, err := d.before(ctx, e)
		if err != nil {
			return err
		}
		if url := topicURL(previous); url != "" {
			urls = append(urls, url)
		}
	}
	type affected struct {
		s     *subscription
		def   *definition
		greet bool
	}
	var list []affected
	d.mu.Lock()
	for _, s := range d.subs {
		if slices.Contains(urls, canonical(s.resource.Root().Get("criteria").Text())) {
			list = append(list, affected{s, s.def, s.greet})
			d.board.remove(s) // all before any comes back: they share what the topic was
			s.def = nil
		}
	}
	d.mu.Unlock()
	for _, a := range list {
		d.redefine(ctx, a.s, a.s.resource, e.Seq)
		d.mu.Lock()
		a.s.greet = a.s.greet && a.greet
		gone := a.s.def == nil && a.def != nil && serves(a.def.status)
		if gone {
			d.busy++
		}
		d.mu.Unlock()
		if gone {
			d.running.Go(func() { d.orphaned(a.s, a.def) })
		}
	}
	return nil
}

// orphaned puts a Subscription into error whose topic is not there any more, or does not offer its filters.
func (d *desk) orphaned(s *subscription, def *definition) {
	d.settle(s, def, "error", "the topic is not there any more, or offers less than the subscription asks for")
	d.mu.Lock()
	d.busy--
	d.mu.Unlock()
}

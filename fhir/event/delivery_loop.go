package event

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// scheduleEvery is how often the desk looks for what has become due: attempts, heartbeats, ends, what is to be sent again.
const scheduleEvery = 250 * time.Millisecond

func (d *desk) schedule(ctx context.Context) {
	for pause(ctx, scheduleEvery) == nil {
		d.kick()
	}
}

// kick starts a loop for every subscription that has something due.
func (d *desk) kick() {
	again := d.wanted()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.subs {
		if spans, ok := again[s.id]; ok && len(s.again) == 0 {
			s.again = spans
		}
		d.start(s)
	}
}

// wanted reads what $resend has asked for.
func (d *desk) wanted() map[string][]span {
	var found map[string][]span
	_ = d.store.View(d.ctx, func(tx fhir.Tx) error {
		records, err := tx.Records(d.ctx, resendRecord, "", "", 1000)
		for _, r := range records {
			var spans []span
			if ok, err := fetch(d.ctx, tx, resendRecord, r.Key, &spans); ok && err == nil {
				if found == nil {
					found = make(map[string][]span)
				}
				found[r.Key] = spans
			}
		}
		return err
	})
	return found
}

// start runs the loop of a subscription if it has anything to do. The lock is held.
func (d *desk) start(s *subscription) {
	if s.running || d.ctx.Err() != nil || d.due(s) == nothing {
		return
	}
	s.running = true
	d.busy++
	d.running.Go(func() { d.loop(s) })
}

// task is what a loop does next.
type task uint8

const (
	nothing task = iota
	ending
	greeting
	repeating
	sending
	beating
)

// due says what a subscription has to do now. The lock is held.
func (d *desk) due(s *subscription) task {
	now := d.config.Now()
	switch def := s.def; {
	case def == nil || !serves(def.status) || def.status == "error":
		return nothing
	case !def.end.IsZero() && !now.Before(def.end):
		return ending
	case s.sent.Failed > 0 && now.Before(s.sent.Next):
		return nothing
	case s.greet:
		return greeting
	case def.status != "active":
		return nothing
	case d.isBound(def):
		return nothing // see sessions
	case len(s.again) > 0:
		return repeating
	case s.sent.Number < s.number:
		return sending
	case def.heartbeat > 0 && s.told != 0 && now.Unix()-s.told >= int64(def.heartbeat/time.Second):
		return beating
	case def.heartbeat > 0 && s.told == 0:
		s.told = now.Unix()
	}
	return nothing
}

func (d *desk) isBound(def *definition) bool {
	_, bound := d.config.Channels[def.channel].(Bound)
	return bound
}

// loop does what is due for a subscription, one thing after the other.
func (d *desk) loop(s *subscription) {
	for {
		d.slots <- struct{}{} // anew each time: whoever has a lot to do must not keep others from having a little done
		d.mu.Lock()
		what := d.due(s)
		if what == nothing || d.ctx.Err() != nil {
			s.running = false
			d.busy--
			d.mu.Unlock()
			<-d.slots
			return
		}
		def := s.def
		d.mu.Unlock()
		d.act(s, def, what)
		<-d.slots
	}
}

func (d *desk) act(s *subscription, def *definition, what task) {
	switch what {
	case ending:
		d.settle(s, def, "off", "")
	case greeting:
		d.greetings(s, def)
	case repeating:
		d.repeat(s, def)
	case sending:
		events, err := d.next(s, def.max)
		if err != nil || len(events) == 0 {
			d.skip(s, err)
			return
		}
		if d.tried(s, def, d.deliver(s, def, EventNotification, events)) {
			d.delivered(s, events[len(events)-1].Number)
		}
	case beating:
		d.tried(s, def, d.deliver(s, def, Heartbeat, nil))
	}
}

// next gives the events that follow what was sent. Those that are not in memory are read many at a time.
func (d *desk) next(s *subscription, max int) ([]happened, error) {
	d.mu.Lock()
	from, to := s.sent.Number+1, s.number
	if len(s.pending) > 0 && s.pending[0].Number == from {
		events := slices.Clone(s.pending[:min(max, len(s.pending))])
		d.mu.Unlock()
		return events, nil
	}
	s.pending = nil
	d.mu.Unlock()
	var events []happened
	err := d.store.View(d.ctx, func(tx fhir.Tx) (err error) {
		events, err = eventsOf(d.ctx, tx, &d.recent, s.id, from, to, mostHeld)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(s.pending) == 0 {
		s.pending = events
	}
	return slices.Clone(events[:min(max, len(events))]), nil
}

// skip passes over events that are not kept any more: they are older than what is kept.
func (d *desk) skip(s *subscription, err error) {
	if err != nil {
		_ = pause(d.ctx, time.Second)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(s.pending) == 0 {
		s.sent.Number = s.number
		d.dirty[s] = struct{}{}
	}
}

// delivered notes that a subscriber has taken the events up to a number.
func (d *desk) delivered(s *subscription, number int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if number <= s.sent.Number {
		return
	}
	s.sent.Number = number
	n := 0
	for n < len(s.pending) && s.pending[n].Number <= number {
		n++
	}
	if s.pending = s.pending[n:]; len(s.pending) == 0 {
		s.pending = nil
	}
	d.dirty[s] = struct{}{}
}

// repeat sends a range of events once more, under their numbers.
func (d *desk) repeat(s *subscription, def *definition) {
	d.mu.Lock()
	wanted := s.again[0]
	d.mu.Unlock()
	var events []happened
	err := d.store.View(d.ctx, func(tx fhir.Tx) (err error) {
		events, err = eventsOf(d.ctx, tx, nil, s.id, wanted.From, wanted.To, def.max)
		return err
	})
	if err != nil {
		_ = pause(d.ctx, time.Second)
		return
	}
	rest := span{From: math.MaxInt64, To: wanted.To}
	if len(events) > 0 {
		if !d.tried(s, def, d.deliver(s, def, EventNotification, events)) {
			return
		}
		rest.From = events[len(events)-1].Number + 1
	}
	var left []span
	err = d.store.Update(d.ctx, nil, func(tx fhir.Tx) error { // more may have been asked for meanwhile
		left = nil
		if _, err := fetch(d.ctx, tx, resendRecord, s.id, &left); err != nil {
			return err
		}
		if len(left) > 0 && left[0] == wanted {
			if left[0] = rest; rest.From > rest.To {
				left = left[1:]
			}
		}
		if len(left) == 0 {
			return tx.Drop(d.ctx, resendRecord, s.id)
		}
		return keep(d.ctx, tx, fhir.Record{Kind: resendRecord, Key: s.id}, left)
	})
	if err != nil {
		_ = pause(d.ctx, time.Second)
		return
	}
	d.mu.Lock()
	s.again = left
	d.mu.Unlock()
}

// greetings ask the subscriber whether notifications arrive. Criteria of R4 know no handshake, and whoever connects here gets theirs when
// they do.
func (d *desk) greetings(s *subscription, def *definition) {
	if def.topic != "" && !d.isBound(def) {
		err := d.deliver(s, def, Handshake, nil)
		if err != nil && d.ctx.Err() == nil && !errors.Is(err, ErrPermanent) {
			err = d.deliver(s, def, Handshake, nil)
		}
		if err != nil {
			if d.ctx.Err() == nil {
				d.settle(s, def, "error", "the handshake failed: "+said(err))
			}
			return
		}
		d.spoke(s)
	}
	d.settle(s, def, "active", "")
	if d.isBound(def) {
		d.mu.Lock()
		s.sent.Number, s.pending = s.number, nil
		d.mu.Unlock()
	}
}

func (d *desk) spoke(s *subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.told = d.config.Now().Unix()
}

// deliver has the channel deliver. Events of which nothing may be told, to somebody who is told of nothing else, are passed over.
func (d *desk) deliver(s *subscription, def *definition, kind Kind, events []happened) error {
	c := d.config.Channels[def.channel]
	if c == nil {
		return errors.Join(errors.New("the server does not serve the channel"), ErrPermanent)
	}
	d.mu.Lock()
	number := s.number
	d.mu.Unlock()
	if len(events) > 0 {
		number = max(events[len(events)-1].Number, 0)
	}
	leave, err := d.turns.enter(d.ctx)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(d.ctx, def.timeout) // what the subscriber may take, not what it waits for its turn
	defer cancel()
	n, err := d.notification(ctx, def, kind, events, number)
	if err != nil || n == nil {
		return err
	}
	return c.Deliver(ctx, n)
}

package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"andiron.dev/fhir"
)

// sessionsEvery is how often a process looks whether another has numbered events for those who are connected to it.
const sessionsEvery = 100 * time.Millisecond

// session is a subscription that somebody is connected for.
type session struct {
	number int64
	told   time.Time
}

// sessions tells those who are connected to this process what happens, whichever process dispatches. It begins with what happens after
// they have connected: the handshake has told them how many events there were.
func (w *Worker) sessions(ctx context.Context) {
	known := make(map[string]*session)
	tick := time.NewTicker(sessionsEvery)
	defer tick.Stop()
	for {
		present := make(map[string]bool)
		for _, c := range w.config.Channels {
			b, ok := c.(Bound)
			if !ok {
				continue
			}
			for id, number := range b.Subscriptions() {
				present[id] = true
				if known[id] == nil {
					known[id] = &session{number: number, told: w.config.Now()}
				}
				if err := w.session(ctx, b, id, known[id]); err != nil && ctx.Err() == nil {
					w.config.Log.Warn("a connected subscriber was not told", slog.String("id", id), slog.String("cause", said(err)))
				}
			}
		}
		for id := range known {
			if !present[id] {
				delete(known, id)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.tell:
		case <-tick.C:
		}
	}
}

func (w *Worker) session(ctx context.Context, c Bound, id string, s *session) error {
	var st state
	var events []happened
	var def *definition
	now := w.config.Now()
	err := w.store.View(ctx, func(tx fhir.Tx) error {
		ok, err := fetch(ctx, tx, stateRecord, id, &st)
		if err != nil || !ok {
			return err
		}
		r, err := tx.Read(ctx, "Subscription", id)
		if fhir.CodeOf(err) == fhir.Deleted || fhir.CodeOf(err) == fhir.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if def, err = w.definitionOf(r, func(url string) (*topic, error) { return w.topicAt(ctx, tx, url, 0) }); err != nil {
			return err
		}
		events, err = eventsOf(ctx, tx, nil, id, s.number+1, st.Number, def.max)
		return err
	})
	if err != nil || def == nil || def.status != "active" {
		return err
	}
	kind, number := EventNotification, st.Number
	switch {
	case len(events) > 0:
		number = events[len(events)-1].Number
	case def.heartbeat > 0 && now.Sub(s.told) >= def.heartbeat:
		kind = Heartbeat
	default:
		return nil
	}
	if number < st.Number {
		select {
		case w.tell <- struct{}{}: // there is more
		default:
		}
	}
	limited, cancel := context.WithTimeout(ctx, def.timeout)
	defer cancel()
	n, err := w.notification(limited, def, kind, events, number)
	if errors.Is(err, ErrRevoked) { // there is nobody left to be told
		n, err = nil, w.revoked(ctx, def)
	}
	if err == nil && n != nil {
		err = c.Deliver(limited, n)
	}
	if err == nil {
		s.number, s.told = max(s.number, number), now
	}
	return err
}

// revoked turns a Subscription off whose owner has no rights any more, unless it has been changed meanwhile.
func (w *Worker) revoked(ctx context.Context, def *definition) error {
	return w.store.Update(ctx, nil, func(tx fhir.Tx) error {
		now, err := tx.Read(ctx, "Subscription", def.resource.ID())
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil
		}
		if err != nil || now.VersionID() != def.resource.VersionID() {
			return err
		}
		r, err := withStatus(now, "off", "the rights that the subscription was made with have ended")
		if err == nil {
			_, err = tx.Put(ctx, r)
		}
		return err
	})
}

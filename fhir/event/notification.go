package event

import (
	"context"
	"errors"

	"andiron.dev/fhir"
)

// ErrRevoked is the error of Authority.As when the owner of a subscription may see nothing any more.
var ErrRevoked = errors.New("the owner has no rights any more")

// notification puts together what a channel delivers, as the owner of the subscription may see it now. Where that is nothing the events
// still count: a subscriber to a topic learns their numbers, one with criteria of R4 nothing, and the notification is nil.
func (m *Module) notification(ctx context.Context, def *definition, kind Kind, events []happened, number int64) (*Notification, error) {
	n := &Notification{Subscription: def.resource, Kind: kind, Topic: def.topic, Content: def.content, Number: number}
	shown, err := m.shown(ctx, def, events)
	if err != nil {
		return nil, err
	}
	n.Events = shown
	if def.topic == "" && len(events) > 0 && shown[0].Type == "" {
		return nil, nil
	}
	envelope := Envelope{ID: m.config.NewID(), Base: m.config.Base(), Status: def.status, Time: m.config.Now()}
	n.Bundle = func() *fhir.Resource { return NewBundle(n, envelope) }
	return n, nil
}

// shown are events as the owner of a subscription may see them.
func (m *Module) shown(ctx context.Context, def *definition, events []happened) ([]NotifiedEvent, error) {
	list := make([]NotifiedEvent, len(events))
	for i, h := range events {
		list[i] = NotifiedEvent{Number: h.Number, Time: h.Time}
	}
	if len(events) == 0 {
		return list, nil
	}
	full := def.content == FullResource || def.topic == "" && def.payload != ""
	if m.config.Authority == nil {
		return list, m.reveal(ctx, m.config.Store, def, events, list, full)
	}
	var owner []byte
	if err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		r, err := tx.Record(ctx, ownerRecord, def.resource.ID())
		if fhir.CodeOf(err) == fhir.NotFound {
			return ErrRevoked // nobody answers for it
		}
		if err == nil {
			owner = r.Value
		}
		return err
	}); err != nil {
		return nil, err
	}
	as, err := m.config.Authority.As(ctx, owner)
	if err != nil {
		return nil, err
	}
	return list, m.reveal(as, m.config.Guarded, def, events, list, full)
}

// reveal fills in what ctx may see of events. What is deleted is shown to who could see it before.
func (m *Module) reveal(ctx context.Context, store fhir.Store, def *definition, events []happened, list []NotifiedEvent, full bool) error {
	show := func(i int, focus *fhir.Resource) {
		h := &events[i]
		list[i].Type, list[i].ID, list[i].VersionID, list[i].Method = h.Type, h.ID, h.Version, h.Method
		if full {
			list[i].Focus = focus
		}
	}
	if m.config.Authority == nil && !full && len(def.beside) == 0 {
		for i := range events {
			show(i, nil)
		}
		return nil
	}
	return store.View(ctx, func(tx fhir.Tx) error {
		for i := range events {
			h := &events[i]
			var focus *fhir.Resource
			var err error
			switch {
			case h.Method == fhir.Delete:
				_, err = tx.History(ctx, fhir.HistoryQuery{Type: h.Type, ID: h.ID, Count: 1})
			case m.config.Authority == nil && h.resource != nil:
				focus = h.resource
			default:
				focus, err = tx.VRead(ctx, h.Type, h.ID, h.Version)
			}
			switch fhir.CodeOf(err) {
			case "":
				show(i, focus)
				if focus != nil {
					if list[i].Beside, err = m.beside(ctx, tx, def.beside[h.Type], focus, full); err != nil {
						return err
					}
				}
			case fhir.NotFound, fhir.Deleted, fhir.Forbidden:
			default:
				return err
			}
		}
		return nil
	})
}

// Status makes a notification without events, for a subscriber that has just connected, or asks how the subscription stands.
func (m *Module) Status(ctx context.Context, id string, kind Kind) (n *Notification, err error) {
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		r, err := tx.Read(ctx, "Subscription", id)
		if err != nil {
			return err
		}
		def, err := m.definitionOf(r, func(url string) (*topic, error) { return m.topicAt(ctx, tx, url, 0) })
		if err != nil {
			return err
		}
		var s state
		if _, err := fetch(ctx, tx, stateRecord, id, &s); err != nil {
			return err
		}
		n, err = m.notification(ctx, def, kind, nil, s.Number)
		return err
	})
	if err == nil && kind == Handshake {
		m.worker.greeted.Store(id, n.Number)
	}
	return n, err
}

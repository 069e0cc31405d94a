package channel

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
)

// Sockets is the websocket channel: whoever opens a connection and shows a binding token is sent the notifications of the token's subscriptions,
// as long as the token is good (https://hl7.org/fhir/uv/subscriptions-backport/channels.html#websockets). It implements event.Bound.
type Sockets struct {
	options SocketOptions
	binder  Binder
	hub     hub
}

// Binder says what a connection may be sent. Package event's Module is one.
type Binder interface {
	// Redeem returns the ids of the subscriptions that a token is for, and until when. Errors say that it is for none.
	Redeem(ctx context.Context, token string) (subscriptions []string, until time.Time, err error)
	// Status makes a notification that says how a subscription stands.
	Status(ctx context.Context, subscription string, kind event.Kind) (*event.Notification, error)
}

// Ask says whom to ask. It must have been called before the first connection is taken; Binder and Sockets need each other.
func (s *Sockets) Ask(b Binder) { s.binder = b }

// Check implements event.Channel.
func (s *Sockets) Check(sub *fhir.Resource) *fhir.Outcome {
	var l issues
	l.none(sub, "endpoint", "the subscriber connects to the server, so that the channel has no endpoint: see $get-ws-binding-token")
	l.none(sub, "header", "a websocket takes no headers")
	l.payload(sub)
	return l.outcome()
}

// Deliver implements event.Channel. It returns when every connection has the text or is lost; that there is none is no error.
func (s *Sockets) Deliver(ctx context.Context, n *event.Notification) error {
	to := s.hub.of(n.Subscription.ID(), s.options.Now())
	if len(to) == 0 {
		return nil
	}
	text := line(n)
	if text == nil {
		return nil
	}
	for _, one := range to {
		one.write(ctx, text)
	}
	return nil
}

// line is a notification as it is sent; nil = not at all.
func line(n *event.Notification) []byte {
	switch {
	case n.Topic != "":
		return n.Bundle().JSON()
	case n.Kind == event.Handshake:
		return []byte("bound " + n.Subscription.ID())
	case n.Kind == event.EventNotification:
		return []byte("ping " + n.Subscription.ID())
	}
	return nil // of the rest R4 knows nothing
}

// Subscriptions implements event.Bound.
func (s *Sockets) Subscriptions() map[string]int64 { return s.hub.subscriptions() }

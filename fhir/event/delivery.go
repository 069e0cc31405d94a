package event

import (
	"context"
	"errors"
	"time"

	"andiron.dev/fhir"
)

// Kind is why a notification is sent: http://hl7.org/fhir/uv/subscriptions-backport/CodeSystem/backport-notification-type-code.
type Kind string

// The kinds.
const (
	Handshake         Kind = "handshake"
	Heartbeat         Kind = "heartbeat"
	EventNotification Kind = "event-notification"
	QueryStatus       Kind = "query-status"
	QueryEvent        Kind = "query-event"
)

// Content says how much of a resource a notification carries: the values of the extension backport-payload-content.
type Content string

// The contents.
const (
	Empty        Content = "empty"
	IDOnly       Content = "id-only"
	FullResource Content = "full-resource"
)

// NotifiedEvent is one event of a subscription.
type NotifiedEvent struct {
	Number int64     // strictly increasing within the subscription, from 1, without gaps
	Time   time.Time // when it was committed
	// Type, ID and VersionID are the version that made the event. Type and ID are "" where the owner of the subscription may not see it
	// any more: the event counts, and carries nothing.
	Type, ID, VersionID string
	Method              fhir.Interaction // Create, Update or Delete
	// Focus is that version; nil where it is deleted, out of reach, or not to be sent.
	Focus *fhir.Resource
	// Beside is the additional context.
	Beside []Beside
}

// Notification is what a channel delivers.
type Notification struct {
	Subscription *fhir.Resource // with the values of channel.header
	Kind         Kind
	Topic        string          // canonical of the topic; "" = a subscription with criteria of R4, which has at most one event at a time
	Content      Content         // of a topic subscription
	Events       []NotifiedEvent // in the order of their numbers; at most max-count of them
	Number       int64           // events since the start of the subscription, these included
	// Bundle makes the notification Bundle of the R4 backport: a history whose first entry is the status.
	Bundle func() *fhir.Resource
}

// Channel is a way to deliver. It must be safe for concurrent use; notifications of one subscription come one after the other.
type Channel interface {
	// Check says what of Subscription.channel cannot be served: endpoint, header, payload. Issues name the element. nil = nothing.
	Check(sub *fhir.Resource) *fhir.Outcome
	// Deliver returns nil when the subscriber has taken the notification. ctx ends when the time of one attempt is over (extension
	// backport-timeout). The text of an error ends up in Subscription.error: it must not hold secrets, nor data of patients.
	Deliver(ctx context.Context, n *Notification) error
}

// Asking is a channel whose Check depends on what has to be found out elsewhere: where the name of a host leads.
type Asking interface {
	Channel
	// Ask gives what Check has to know and does not yet; nil = nothing. It is carried out before Check, and outside of any update.
	Ask(sub *fhir.Resource) func(context.Context)
}

// Bound is a channel whose subscribers are connected to this process (websocket). What happens while nobody is connected is not retried:
// the subscriber asks $events for it.
type Bound interface {
	Channel
	// Subscriptions are the ids of those that somebody is connected for, each with the number of the last event that their handshake told them of.
	Subscriptions() map[string]int64
}

// ErrPermanent is what the error of a Channel wraps when no later attempt can succeed: the subscription goes to status error at once.
var ErrPermanent = errors.New("the delivery cannot succeed")

// Package event tells subscribers what happens: it follows the outbox of the store, finds the Subscriptions that an event concerns, numbers
// it for each of them, and has channels deliver it.
//
//	outbox -> dispatcher (one per store, under a lease)    dispatcher.go, matching.go, index.go, trigger.go
//	       -> records: state and events of a subscription  state.go, in the commit that moves the cursor
//	       -> a loop for each subscription                 delivery_loop.go, retry.go
//	       -> Channel                                      delivery.go, package channel
package event

import (
	"context"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// Authority says for whom a subscription is, so that it tells nobody what they may not see. Without one everybody may see everything.
type Authority interface {
	// Owner is who is asking in ctx, as JSON that is kept with what they subscribe to; nil = the server itself.
	Owner(ctx context.Context) ([]byte, error)
	// As gives a context in which Config.Guarded shows what the owner may see today. Errors: ErrRevoked when they may see nothing any more.
	As(ctx context.Context, owner []byte) (context.Context, error)
	// Owns reports whether who is asking in ctx is the owner, or the server itself.
	Owns(ctx context.Context, owner []byte) bool
	// MayFollow refuses a subscription to resources of a type that who is asking in ctx may not read.
	MayFollow(ctx context.Context, typ string) error
}

// Config is what a Module works with. Store, Spec, Params and Now are required.
type Config struct {
	Store    fhir.Store // the engine's: what is done through it is the server's own work
	Guarded  fhir.Store // as who is asking in the context may see it; nil = Store
	Spec     *r4.Spec
	Params   *search.Params
	Channels map[string]Channel // by channel type: "rest-hook", "websocket", "email", "message"
	// Authority decides who is told what; nil = everybody is told everything.
	Authority Authority
	// Internal marks a context as the server's own, for records; nil = contexts need no mark.
	Internal func(context.Context) context.Context

	BaseURL      string        // FHIR base under which absolute references are the server's own
	Base         func() string // FHIR base in notifications; nil = BaseURL
	WebSocketURL func(base string) string
	Now          func() time.Time
	NewID        func() string
	NewToken     func() string // unguessable; nil = crypto/rand
	Busy         func() bool   // requests are being answered, to which deliveries have to make way; nil = never
	Log          *slog.Logger
}

// Module is subscriptions, as operations, rules and a worker.
type Module struct {
	config  Config
	shipped []*fhir.Resource // topics that are part of the program
	byURL   map[string]*fhir.Resource
	worker  *Worker
}

// New makes a Module. It fails when a topic that is part of the program cannot be served.
func New(config Config) (*Module, error) {
	if config.Guarded == nil {
		config.Guarded = config.Store
	}
	if config.Internal == nil {
		config.Internal = func(ctx context.Context) context.Context { return ctx }
	}
	if config.Base == nil {
		base := config.BaseURL
		config.Base = func() string { return base }
	}
	if config.Busy == nil {
		config.Busy = func() bool { return false }
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	m := &Module{config: config, byURL: make(map[string]*fhir.Resource)}
	if err := m.ship(); err != nil {
		return nil, err
	}
	m.worker = newWorker(m)
	return m, nil
}

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	m.rules(r)
	r.Work(m.worker)
	return m.operations(r)
}

// topicAt finds a topic by its canonical, as it is, or as it was at a place in the commit order (0 = as it is): what is stored comes before
// what is part of the program. nil = there is none.
func (m *Module) topicAt(ctx context.Context, tx fhir.Tx, url string, seq fhir.Seq) (*topic, error) {
	ctx = m.config.Internal(ctx)
	record, err := tx.Record(ctx, topicRecord, url)
	switch fhir.CodeOf(err) {
	case "":
		r, err := stored(ctx, tx, string(unquote(record.Value)), seq)
		if err == nil && topicURL(r) == url {
			return m.topicOf(r)
		}
		if code := fhir.CodeOf(err); code != "" && code != fhir.NotFound && code != fhir.Deleted {
			return nil, err
		}
	case fhir.NotFound:
	default:
		return nil, err
	}
	if r := m.byURL[url]; r != nil {
		return m.topicOf(r)
	}
	return nil, nil
}

// stored reads a Basic as it is, or as it was at a place in the commit order. Errors: as of Reader.Read.
func stored(ctx context.Context, tx fhir.Tx, id string, seq fhir.Seq) (*fhir.Resource, error) {
	if seq > 0 {
		page, err := tx.History(ctx, fhir.HistoryQuery{Type: "Basic", ID: id, Before: seq + 1, Count: 1})
		if err != nil {
			return nil, err
		}
		if len(page.Events) > 0 && page.Events[0].Resource != nil {
			return page.Events[0].Resource, nil
		}
	}
	return tx.Read(ctx, "Basic", id)
}

package resources

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/resources/automation"
	"andiron.dev/search"
)

// Config is what modules work with.
type Config struct {
	Store  fhir.Store // as the principal in the context may see and change it
	Spec   *r4.Spec
	Params *search.Params
	// Serve is the whole pipeline, for what a module does as a client would. It must not be called before the server is assembled.
	Serve fhir.Handler
	// Join makes one update of everything that is done with the context that it gives (rules.Enforcer.Join).
	Join func(ctx context.Context, guards []string, fn func(context.Context, fhir.Tx) error) error

	// Account has then told what fn writes (rules.Enforcer.Account).
	Account func(ctx context.Context, fn func(context.Context) error, then rules.Then) error

	PageKey []byte // seals page links; nil = a fresh one

	// Topic finds a topic by the name that a rule's trigger has; nil = there are none.
	Topic func(ctx context.Context, name string) (automation.Topic, error)

	BaseURL string // FHIR base as clients see it; "" = what each request says
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger

	AllowEndpoints []netip.Prefix // networks inside where notifications may be delivered
	Outbox         string         // folder for messages that are sent nowhere else; "" = below the store
}

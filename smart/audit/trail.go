package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/compartment"
)

// Config says how to keep the trail. Store, Spec and Params are required; NewID and Check where X-Provenance is to be honoured.
type Config struct {
	Store  fhir.Journal
	Spec   *r4.Spec
	Params *search.Params

	Base      string           // the server's FHIR base as others know it; "" = what the machine is called
	Open      bool             // nobody has to say who they are: requests without a smart.Principal are carried out
	Anonymous bool             // and entered
	Strict    bool             // reads are answered when their event is durable, not before
	Now       func() time.Time // nil = time.Now
	NewID     func() string    // ids of Provenance resources
	Check     func(root fhir.Element) *fhir.Outcome
	Log       *slog.Logger // nil = none
}

// Trail keeps the audit trail. It is safe for concurrent use.
type Trail struct {
	config   Config
	patients *compartment.Patients
	queue    *queue

	name  string // what the server is called in AuditEvents
	isURL bool
}

// New begins to keep a trail. Close ends it.
func New(config Config) (*Trail, error) {
	if config.Store == nil || config.Spec == nil || config.Params == nil {
		return nil, errors.New("an audit trail needs a store, the specification and the search parameters")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.NewID == nil {
		config.NewID = rand.Text
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	p, err := compartment.New(config.Params)
	if err != nil {
		return nil, fmt.Errorf("the compartments of patients: %w", err)
	}
	t := &Trail{config: config, patients: p, name: config.Base, isURL: true}
	if t.name == "" {
		if t.name, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("what this machine is called: %w", err)
		}
		t.isURL = false
	}
	t.queue = newQueue(config.Store, config.Log)
	return t, nil
}

// Close writes what has not been written yet and ends the trail. It must come before the store is closed and after the last request.
// Its error says that events were lost.
func (t *Trail) Close() error { return t.queue.close() }

// Flush waits until every event so far is in the journal. Errors: Transient when it cannot be written.
func (t *Trail) Flush(ctx context.Context) error { return t.queue.flush(ctx) }

// Record enters an event that is part of no write. When it returns, the event is in the queue, not yet in the journal: it will be within
// 200 ms. Errors: Transient when the journal cannot be written, and then whatever the event tells of must not happen.
func (t *Trail) Record(ctx context.Context, e *Event) error {
	if e.Time.IsZero() {
		e.Time = t.config.Now()
	}
	return t.queue.put(ctx, e, t.config.Strict)
}

// By fills in who an event is about.
func (e *Event) By(p *smart.Principal) *Event {
	if p == nil {
		return e
	}
	e.Subject, e.Name, e.FhirUser, e.ClientID, e.Roles = p.Subject, p.Name, p.FhirUser, p.ClientID, p.Roles
	e.TokenID, e.Purpose, e.Address, e.Issuer, e.RequestID = p.TokenID, p.Purpose, p.Address, p.Issuer, p.RequestID
	return e
}

// lets reports whether somebody may ask for anything: it need not be refused later on.
func (t *Trail) lets(who *smart.Principal) bool { return who != nil || t.config.Open }

// audits reports whether what somebody does is entered.
func (t *Trail) audits(who *smart.Principal) bool { return who != nil || t.config.Anonymous }

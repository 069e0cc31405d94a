package automation

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// definitions are the OperationDefinitions of this module.
//
//go:embed definitions/*.json
var definitions embed.FS

// Config is what the module works with. All fields are required unless they say otherwise.
type Config struct {
	Store  fhir.Store // as the principal in the context may see and change it
	Spec   *r4.Spec
	Params *search.Params
	Serve  fhir.Handler // the whole pipeline, by which rules write and call operations
	// Account has then told, in the update that it is part of, what fn writes (rules.Enforcer.Account).
	Account func(ctx context.Context, fn func(context.Context) error, then rules.Then) error
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger

	Topic   func(ctx context.Context, name string) (Topic, error) // finds the topic that names events; nil = there are none
	BaseURL string                                                // FHIR base as clients see it; "" = references are relative
	Senders map[string]Sender                                     // by medium, "sms" or "email"
}

// Module is the automation engine: a fhir.Module and a fhir.Worker.
type Module struct {
	config Config
	gate   *gate.Gate
	terms  terminology.Cache
	exprs  expressions
	turn   chan struct{} // held by whoever takes a step: the loop of Run, or Drain
	state  state
	name   string // of this process, in leases

	started  time.Time
	registry *fhir.Registry
}

// New makes the module.
func New(config Config) *Module {
	m := &Module{config: config, gate: gate.New(config.Spec), turn: make(chan struct{}, 1), name: config.NewID(), started: config.Now().Truncate(time.Millisecond)}
	m.exprs.spec = config.Spec
	return m
}

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	m.registry = r
	for _, o := range []struct {
		file    string
		handler fhir.HandlerFunc
	}{
		{"plandefinition-apply", m.applyPlan}, {"activitydefinition-apply", m.applyActivity}, {"plandefinition-dry-run", m.dryRun},
		{"plandefinition-trace", m.traces}, {"plandefinition-raise-event", m.raise},
	} {
		text, err := definitions.ReadFile("definitions/" + o.file + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), o.handler); err != nil {
			return fmt.Errorf("%s: %w", o.file, err)
		}
	}
	r.Rule(fhir.Rule{Type: "PlanDefinition", Check: m.sound})
	r.Work(m)
	return nil
}

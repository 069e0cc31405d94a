package encounter

import (
	"context"
	"embed"
	"fmt"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
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
	// Join makes one update of all that is done with the context that it gives. Its Tx is nobody's: what the caller may see is for Store to say.
	Join  func(ctx context.Context, guards []string, fn func(context.Context, fhir.Tx) error) error
	Serve fhir.Handler // the whole pipeline, for operations of other modules
	Now   func() time.Time
	NewID func() string

	BaseURL string // FHIR base as clients see it; "" = references are relative
}

// Module is the operations and rules about Encounters, a fhir.Module.
type Module struct {
	config Config
	gate   *gate.Gate
}

// New makes the module.
func New(config Config) *Module { return &Module{config: config, gate: gate.New(config.Spec)} }

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	for _, o := range []struct {
		file    string
		handler fhir.HandlerFunc
	}{
		{"encounter-admit", m.admit}, {"encounter-transfer", m.transfer}, {"encounter-swap-beds", m.swapBeds},
		{"encounter-discharge-readiness", m.readiness}, {"encounter-discharge", m.discharge},
		{"encounter-cancel", m.cancel}, {"encounter-reopen", m.reopen}, {"encounter-leave", m.leave}, {"encounter-return", m.comeBack},
		{"location-bed-board", m.bedBoard}, {"location-housekeeping-done", m.housekeepingDone},
	} {
		if err := operation(r, o.file, o.handler); err != nil {
			return err
		}
	}
	r.Rule(fhir.Rule{Type: "Encounter", Guards: m.guards, Check: m.encounter})
	r.Rule(fhir.Rule{Type: "Location", Guards: m.bedGuards, Check: m.location})
	return m.registerArrival(r)
}

// operation enters an operation by the name of the file that defines it.
func operation(r *fhir.Registry, file string, h fhir.HandlerFunc) error {
	text, err := definitions.ReadFile("definitions/" + file + ".json")
	if err != nil {
		return err
	}
	if err := r.Operation(string(text), h); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

package task

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// definitions are the OperationDefinitions of this module.
//
//go:embed definitions/*.json
var definitions embed.FS

// Config is what the module works with. All fields but BaseURL are required.
type Config struct {
	Store  fhir.Store // as the principal in the context may see and change it
	Params *search.Params
	Now    func() time.Time
	NewID  func() string
	Log    *slog.Logger

	BaseURL string // FHIR base as clients see it; "" = references are relative
}

// Module is the rules, operations and the clockwork of Tasks: a fhir.Module and a fhir.Worker.
type Module struct {
	config Config
	leader *fhir.Leader
	turn   *fhir.Turn // held by whoever looks for what is overdue
}

// New makes the module.
func New(config Config) *Module {
	return &Module{
		config: config, turn: fhir.NewTurn(),
		leader: &fhir.Leader{Store: config.Store, Kind: recordKind, Key: "lease", Name: config.NewID(), Length: leaseTime, Now: config.Now},
	}
}

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	for _, o := range []struct {
		file    string
		handler fhir.HandlerFunc
	}{
		{"task-claim", m.claim}, {"task-complete", m.complete}, {"task-delegate", m.delegate},
	} {
		if err := r.Define(definitions, o.file, o.handler); err != nil {
			return err
		}
	}
	r.Rule(fhir.Rule{Type: "Task", Guards: guards, Check: m.check})
	r.Work(m)
	return nil
}

// each yields the matches of a search, page by page; fn ends it by returning false.
func (m *Module) each(ctx context.Context, tx fhir.Tx, typ string, params fhir.Params, fn func(*fhir.Resource) bool) error {
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now, Count: search.MaxCount})
	if err != nil {
		return err
	}
	return search.Each(ctx, tx, q, fn)
}

// read is a resource that a reference leads to; nil where it leads nowhere here, any more, or to another type than those wanted.
func (m *Module) read(ctx context.Context, tx fhir.Tx, text string, types ...string) (*fhir.Resource, error) {
	ref := fhir.ParseReference(text)
	if ref.ID == "" || ref.Base != "" && ref.Base != m.config.BaseURL {
		return nil, nil
	}
	for _, typ := range types {
		if typ != ref.Type {
			continue
		}
		r, err := tx.Read(ctx, ref.Type, ref.ID)
		if fhir.Gone(err) {
			return nil, nil
		}
		return r, err
	}
	return nil, nil
}

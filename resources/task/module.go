package task

import (
	"context"
	"embed"
	"fmt"
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
	name   string        // of this process, in the lease
	turn   chan struct{} // held by whoever looks for what is overdue
}

// New makes the module.
func New(config Config) *Module {
	return &Module{config: config, name: config.NewID(), turn: make(chan struct{}, 1)}
}

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	for _, o := range []struct {
		file    string
		handler fhir.HandlerFunc
	}{
		{"task-claim", m.claim}, {"task-complete", m.complete}, {"task-delegate", m.delegate},
	} {
		text, err := definitions.ReadFile("definitions/" + o.file + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), o.handler); err != nil {
			return fmt.Errorf("%s: %w", o.file, err)
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
	for {
		page, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			if !fn(r) {
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
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
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil, nil
		}
		return r, err
	}
	return nil, nil
}

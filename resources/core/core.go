// Package core has the operations of R4 that need no domain: records as a whole, meta, statistics, documents, graphs, messages
// and validation. One file is one operation, beside its OperationDefinition in definitions. All that they read and write goes
// through the store of the configuration, with the context of the request, so that nobody gets more out of them than by reading.
package core

import (
	"context"
	"embed"
	"fmt"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
	"andiron.dev/smart"
)

// definitions are the OperationDefinitions of R4 4.0.1, without their prose, with what we say of scopes.
//
//go:embed definitions/*.json
var definitions embed.FS

// Config is what the operations work with. All fields but PageKey and BaseURL are required.
type Config struct {
	Store   fhir.Store // as the principal in the context may see and change it
	Spec    *r4.Spec
	Params  *search.Params
	Now     func() time.Time
	NewID   func() string
	PageKey []byte // seals page links; nil = a fresh one, so that links die with the server
	BaseURL string // FHIR base as clients see it; "" = what each request says
}

// Module is the operations.
type Module struct {
	config   Config
	gate     *gate.Gate
	units    *ucum.Units
	seal     *search.Sealer
	registry *fhir.Registry
	terms    terminology.Cache
}

// New makes the module.
func New(config Config) *Module { return &Module{config: config, gate: gate.New(config.Spec)} }

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) (err error) {
	m.registry = r
	if m.units, err = ucum.Decode(); err != nil {
		return fmt.Errorf("units: %w", err)
	}
	key := m.config.PageKey
	if key == nil {
		key = search.NewKey()
	}
	if m.seal, err = search.NewSealer(key, m.config.Now); err != nil {
		return fmt.Errorf("the key for page links: %w", err)
	}
	for _, o := range []struct {
		id      string
		handler fhir.HandlerFunc
	}{
		{"Patient-everything", m.everything}, {"Encounter-everything", m.everything}, {"Group-everything", m.everything},
		{"Resource-meta", m.meta}, {"Resource-meta-add", m.metaAdd}, {"Resource-meta-delete", m.metaDelete},
		{"CapabilityStatement-versions", m.versions},
		{"Observation-lastn", m.lastN}, {"Observation-stats", m.stats},
		{"Composition-document", m.document}, {"Resource-graph", m.graph},
		{"MessageHeader-process-message", m.processMessage},
		{"Resource-convert", m.convert}, {"Resource-validate", m.validate},
	} {
		text, err := definitions.ReadFile("definitions/" + o.id + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), o.handler); err != nil {
			return err
		}
	}
	return nil
}

// view runs fn within the request's transaction, or on a snapshot of its own.
func (m *Module) view(ctx context.Context, req *fhir.Request, fn func(fhir.Tx) error) error {
	if req.Tx != nil {
		return fn(req.Tx)
	}
	return m.config.Store.View(ctx, fn)
}

// change runs fn within the request's transaction, or in one of its own.
func (m *Module) change(ctx context.Context, req *fhir.Request, fn func(fhir.Tx) error) error {
	if req.Tx != nil {
		return fn(req.Tx)
	}
	return m.config.Store.Update(ctx, nil, fn)
}

// base is the FHIR base below which references are the server's own. What a request says does not count where another is configured.
func (m *Module) base(req *fhir.Request) string {
	if m.config.BaseURL != "" {
		return m.config.BaseURL
	}
	return req.Base
}

// options read a search as strictly as a server may that has put it together itself.
func (m *Module) options(req *fhir.Request) search.Options {
	return search.Options{Strict: true, Base: m.base(req), Now: m.config.Now, Count: search.MaxCount}
}

// query reads a search of a type that the server itself has put together.
func (m *Module) query(req *fhir.Request, typ string, params ...fhir.Param) (*search.Query, error) {
	q, _, err := m.config.Params.Parse(typ, params, m.options(req))
	return q, err
}

// resolve looks up what a query of a client asks of terminology. Value sets are the server's own look-ups.
func (m *Module) resolve(ctx context.Context, tx fhir.Tx, q *search.Query, strict bool) (*search.Query, []fhir.Issue, error) {
	return terminology.New(m.config.Spec, m.config.Params, tx, &m.terms).Resolve(smart.System(ctx), q, strict)
}

// missing reports whether err says that the resource is not there, or not any more, or out of reach.
func missing(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.NotFound, fhir.Deleted, fhir.Forbidden:
		return true
	}
	return false
}

// Package patient is who the patients are (domain.md §6): matching, registration, merging two records into one and taking that back, record
// numbers that nobody else has, and messages that other systems send about patients. One file is one operation, rule or notion.
package patient

import (
	"embed"
	"fmt"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// definitions are the OperationDefinitions: those of R4 and R5 without their prose, and our own.
//
//go:embed definitions/*.json
var definitions embed.FS

// Config is what the module works with. All fields but BaseURL are required.
type Config struct {
	Store   fhir.Store // as the principal in the context may see and change it
	Spec    *r4.Spec
	Params  *search.Params
	Serve   fhir.Handler // the whole pipeline: it carries out messages, and merges that take long
	Now     func() time.Time
	NewID   func() string
	BaseURL string // FHIR base as clients see it; "" = what each request says
}

// Module is the operations and rules.
type Module struct {
	config Config
	gate   *gate.Gate
}

// New makes the module.
func New(config Config) *Module { return &Module{config: config, gate: gate.New(config.Spec)} }

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	for _, o := range []struct {
		id      string
		handler fhir.HandlerFunc
	}{
		{"Patient-match", m.match}, {"Patient-register", m.register}, {"Patient-merge", m.merge}, {"Patient-unmerge", m.unmerge},
	} {
		text, err := definitions.ReadFile("definitions/" + o.id + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), o.handler); err != nil {
			return fmt.Errorf("%s: %w", o.id, err)
		}
	}
	r.Rule(fhir.Rule{Type: "Patient", Check: m.unique})
	r.Rule(fhir.Rule{Type: "Patient", Check: m.linked})
	r.Rule(fhir.Rule{Type: "NamingSystem", Check: m.declares})
	return m.messages(r)
}

// base is the FHIR base below which references are the server's own. What a request says does not count where another is configured.
func (m *Module) base(said string) string {
	if m.config.BaseURL != "" {
		return m.config.BaseURL
	}
	return said
}

// query reads a search of a type that the server itself has put together; base is the server's own.
func (m *Module) query(base, typ string, params ...fhir.Param) (*search.Query, error) {
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: base, Now: m.config.Now, Count: search.MaxCount})
	return q, err
}

// missing reports whether err says that the resource is not there, or not any more, or out of reach.
func missing(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.NotFound, fhir.Deleted, fhir.Forbidden:
		return true
	}
	return false
}

// refusal is an error with a detail code (fhir.Issue.Detail).
func refusal(code fhir.IssueType, detail, text string, expression ...string) *fhir.Outcome {
	o := fhir.NewOutcome(code, text, expression...)
	o.Issues[0].Detail = detail
	return o
}

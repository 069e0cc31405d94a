// Package scheduling is what happens between the wish for an appointment and the appointment: availability that is computed, holds, bookings and
// what they do to the calendars of who takes part (domain.md §7). The rules about Appointment and Slot are the engine; operations only put
// together the next version of an Appointment, so that a plain write of it does the same.
package scheduling

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// definitions are the OperationDefinitions of this module: those of IHE's ITI Scheduling with what is ours beside it, and our own.
//
//go:embed definitions/*.json
var definitions embed.FS

// Config is what the module works with. All fields but PageKey and BaseURL are required.
type Config struct {
	Store   fhir.Store // as the principal in the context may see and change it
	Spec    *r4.Spec
	Params  *search.Params
	Serve   fhir.Handler // the whole pipeline, by which workers write
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger
	PageKey []byte // seals page links; nil = a fresh one, so that links die with the server
	BaseURL string // FHIR base as clients see it; "" = what each request says
}

// Module is the operations, the rules and the sweeper: a fhir.Module.
type Module struct {
	config   Config
	registry *fhir.Registry
	seal     *search.Sealer // of page links
	offers   *offerBoard
	diaries  *diaryWriter
}

// New makes the module.
func New(config Config) *Module { return &Module{config: config} }

// Register implements fhir.Module.
func (m *Module) Register(r *fhir.Registry) error {
	m.registry = r
	for _, o := range []struct {
		id      string
		handler fhir.HandlerFunc
	}{
		{"Appointment-hold", m.hold}, {"Appointment-book", m.book}, {"Appointment-confirm", m.confirm}, {"Appointment-cancel", m.cancel},
		{"Appointment-reschedule", m.reschedule}, {"Appointment-no-show", m.noShow}, {"Appointment-waitlist", m.waitlist},
		{"Appointment-book-series", m.bookSeries}, {"Schedule-block", m.block}, {"Schedule-unblock", m.unblock}, {"Schedule-fill-waitlist", m.fillWaitlist},
	} {
		if err := m.operation(r, o.id, o.handler); err != nil {
			return err
		}
	}
	r.Rule(fhir.Rule{Type: "Appointment", Guards: m.appointmentGuards, Check: m.appointmentRule})
	r.Rule(fhir.Rule{Type: "Slot", Guards: m.slotGuards, Check: m.slotRule})
	r.Rule(fhir.Rule{Type: "AppointmentResponse", Check: m.responseRule})
	for _, typ := range []string{"Practitioner", "PractitionerRole", "Location", "Device"} {
		r.Rule(fhir.Rule{Type: typ, Check: m.inactiveRule})
	}
	r.Work(newSweeper(m))
	return m.registerFind(r)
}

// operation enters an operation by the id of its definition.
func (m *Module) operation(r *fhir.Registry, id string, h fhir.HandlerFunc) error {
	text, err := definitions.ReadFile("definitions/" + id + ".json")
	if err != nil {
		return err
	}
	if err := r.Operation(string(text), h); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

// view runs fn within the request's transaction, or on a snapshot of its own. What is read for a decision is read as the server.
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

// found are the matches of a search, all pages of it, as the server sees them. At most most of them are read; 0 = all.
func (m *Module) found(ctx context.Context, tx fhir.Reader, typ string, most int, params ...fhir.Param) (list []*fhir.Resource, err error) {
	ctx = smart.System(ctx)
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now, Count: search.MaxCount})
	if err != nil {
		return nil, err
	}
	for page := *q; ; {
		p, err := tx.Search(ctx, &page)
		if err != nil {
			return nil, err
		}
		list = append(list, p.Resources...)
		if p.Next == "" || most > 0 && len(list) >= most {
			return list, nil
		}
		page.After = p.Next
	}
}

// read reads a resource as the server; nil where there is none, or none any more.
func (m *Module) read(ctx context.Context, tx fhir.Reader, typ, id string) (*fhir.Resource, error) {
	r, err := tx.Read(smart.System(ctx), typ, id)
	if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
		return nil, nil
	}
	return r, err
}

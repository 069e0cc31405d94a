// Package scheduling is what happens between the wish for an appointment and the appointment: availability that is computed, holds, bookings and
// what they do to the calendars of who takes part (domain.md §7). The rules about Appointment and Slot are the engine; operations only put
// together the next version of an Appointment, so that a plain write of it does the same.
package scheduling

import (
	"context"
	"embed"
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
		if err := r.Define(definitions, o.id, o.handler); err != nil {
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

// found are the matches of a search, all pages of it, as the server sees them. At most most of them are read; 0 = all.
func (m *Module) found(ctx context.Context, tx fhir.Reader, typ string, most int, params ...fhir.Param) (list []*fhir.Resource, err error) {
	ctx = smart.System(ctx)
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now, Count: search.MaxCount})
	if err != nil {
		return nil, err
	}
	err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		list = append(list, r)
		return len(list) != most
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// read reads a resource as the server; nil where there is none, or none any more.
func (m *Module) read(ctx context.Context, tx fhir.Reader, typ, id string) (*fhir.Resource, error) {
	r, err := tx.Read(smart.System(ctx), typ, id)
	if fhir.Gone(err) {
		return nil, nil
	}
	return r, err
}

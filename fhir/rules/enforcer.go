package rules

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
)

// Enforcer has the changes of a store keep to rules. It is safe for concurrent use.
type Enforcer struct {
	inner    fhir.Store
	internal func(context.Context) context.Context
	registry atomic.Pointer[fhir.Registry]
}

// New makes an Enforcer over a store. internal gives the context of what rules look up: it is the server's own work and shows nothing to
// whoever asks; nil = that of the request.
func New(inner fhir.Store, internal func(context.Context) context.Context) *Enforcer {
	if internal == nil {
		internal = func(ctx context.Context) context.Context { return ctx }
	}
	return &Enforcer{inner: inner, internal: internal}
}

// Attach says where the rules are, before the first change that they are about.
func (e *Enforcer) Attach(r *fhir.Registry) { e.registry.Store(r) }

// Attached reports whether the rules of a registry are in force.
func (e *Enforcer) Attached(r *fhir.Registry) bool { return e.registry.Load() == r }

func (e *Enforcer) rules(typ string) []fhir.Rule {
	if r := e.registry.Load(); r != nil {
		return r.Rules(typ)
	}
	return nil
}

// Store is the store with the rules. It is an Indexer where the one below is.
func (e *Enforcer) Store() fhir.Store {
	s := &store{e.inner, e}
	if x, ok := e.inner.(fhir.Indexer); ok {
		return &indexed{s, x}
	}
	return s
}

type store struct {
	fhir.Store
	enforcer *Enforcer
}

type indexed struct {
	*store
	fhir.Indexer
}

// View implements fhir.Store.
func (s *store) View(ctx context.Context, fn func(fhir.Tx) error) error {
	if u := s.enforcer.unit(ctx); u != nil {
		return fn(u.tx)
	}
	return s.Store.View(ctx, fn)
}

// Update implements fhir.Store.
func (s *store) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	if u := s.enforcer.unit(ctx); u != nil {
		return u.update(guards, fn)
	}
	return s.enforcer.run(ctx, guards, func(u *unit) error { return fn(u.tx) })
}

// Rules may name guards that only show while an update runs. It runs again with them; what a rule names by then may be others, if what it
// goes by has changed, but not for ever.
const (
	maxRuns  = 8
	comeBack = time.Second
)

const errWanted = constError("the update needs guards that it does not hold, or something to be found out")

type constError string

func (e constError) Error() string { return string(e) }

// run carries out an update, with the guards that turn out to be needed.
func (e *Enforcer) run(ctx context.Context, guards []string, fn func(*unit) error) error {
	for range maxRuns {
		var wanted []string
		var asked []func(context.Context)
		err := e.inner.Update(ctx, guards, func(inner fhir.Tx) error {
			u := newUnit(e, inner, guards)
			err := fn(u)
			if err == nil {
				err = u.settle(ctx)
			}
			if wanted, asked = u.wanted, u.asked; u.stalled() {
				return errWanted
			}
			if err == nil && u.broken {
				return fhir.Internal(constError("a part of an update failed after it had written, and the whole was to be committed"))
			}
			if err == nil && u.discard {
				return ErrDiscarded
			}
			return err
		})
		if len(wanted) == 0 && len(asked) == 0 {
			return err
		}
		var finding sync.WaitGroup
		for _, find := range asked {
			finding.Go(func() { find(ctx) })
		}
		finding.Wait()
		guards = append(slices.Clone(guards), wanted...)
		slices.Sort(guards)
		guards = slices.Compact(guards)
	}
	o := fhir.NewOutcome(fhir.LockError, "too much else is being changed that this depends on; nothing was changed")
	o.RetryAfter = comeBack
	return o
}

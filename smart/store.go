package smart

import (
	"context"

	"andiron.dev/fhir"
)

// Store is the store as principals may use it: whatever is read, searched, listed or written through it passes the filters of the
// principal in ctx. Without one nothing does.
func (g *Guard) Store() fhir.Store {
	s := guarded{g, g.config.Store}
	if x, ok := g.config.Store.(fhir.Indexer); ok {
		return &indexed{s, x}
	}
	return &s
}

// guarded is a store behind the guard.
type guarded struct {
	guard *Guard
	inner fhir.Store
}

// View implements fhir.Store.
func (s *guarded) View(ctx context.Context, fn func(fhir.Tx) error) error {
	c, err := s.guard.call(ctx)
	if err != nil {
		return err
	}
	return s.inner.View(ctx, func(inner fhir.Tx) error { return fn(&tx{guard: s.guard, inner: inner, opened: c}) })
}

// Update implements fhir.Store.
func (s *guarded) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	c, err := s.guard.call(ctx)
	if err != nil {
		return err
	}
	consents := false
	err = s.inner.Update(ctx, guards, func(inner fhir.Tx) error {
		t := &tx{guard: s.guard, inner: inner, opened: c}
		err := fn(t)
		if err == nil {
			err = t.settle(ctx)
		}
		consents = t.consents
		return err
	})
	if err == nil && consents {
		s.guard.consents.wrote()
	}
	return err
}

// Events implements fhir.Store: the outbox is the server's own.
func (s *guarded) Events(ctx context.Context, after fhir.Seq, max int) ([]fhir.Event, error) {
	if err := server(ctx); err != nil {
		return nil, err
	}
	return s.inner.Events(ctx, after, max)
}

// Append implements fhir.Store. What is appended shows nothing to who appends it.
func (s *guarded) Append(ctx context.Context, entries ...*fhir.JournalEntry) error {
	if From(ctx) == nil {
		return unknown()
	}
	return s.inner.Append(ctx, entries...)
}

// Entries implements fhir.Store: the journal is the server's own.
func (s *guarded) Entries(ctx context.Context, q fhir.JournalQuery) ([]*fhir.JournalEntry, error) {
	if err := server(ctx); err != nil {
		return nil, err
	}
	return s.inner.Entries(ctx, q)
}

// Close implements fhir.Store.
func (s *guarded) Close() error { return s.inner.Close() }

// unknown is the answer where nobody has said who asks.
func unknown() error {
	return fhir.NewOutcome(fhir.Login, "an access token is needed")
}

// server lets nobody pass but the server itself.
func server(ctx context.Context) error {
	switch p := From(ctx); {
	case p == nil:
		return unknown()
	case !p.server:
		return fhir.NewOutcome(fhir.Forbidden, "this is for the server itself")
	}
	return nil
}

// indexed is a guarded store with a search index that can be built anew.
type indexed struct {
	guarded
	index fhir.Indexer
}

// administrator lets the server pass, and who may do everything.
func (s *indexed) administrator(ctx context.Context) error {
	c, err := s.guard.call(ctx)
	if err != nil {
		return err
	}
	if c.who.server || c.access.mayAll() {
		return nil
	}
	return fhir.NewOutcome(fhir.Forbidden, "the search index is for administrators")
}

// Reindex implements fhir.Indexer.
func (s *indexed) Reindex(ctx context.Context, what fhir.Reindex) (*fhir.IndexJob, error) {
	if err := s.administrator(ctx); err != nil {
		return nil, err
	}
	return s.index.Reindex(ctx, what)
}

// IndexJobs implements fhir.Indexer.
func (s *indexed) IndexJobs(ctx context.Context) ([]fhir.IndexJob, error) {
	if err := s.administrator(ctx); err != nil {
		return nil, err
	}
	return s.index.IndexJobs(ctx)
}

// Index implements fhir.Indexer.
func (s *indexed) Index(ctx context.Context) error {
	if err := server(ctx); err != nil {
		return err
	}
	return s.index.Index(ctx)
}

// IndexBeside implements fhir.Indexer.
func (s *indexed) IndexBeside(ctx context.Context) {
	if server(ctx) == nil {
		s.index.IndexBeside(ctx)
	}
}

package smart

import (
	"context"

	"andiron.dev/fhir"
)

// tx is a transaction behind the guard. Each of its methods goes by the principal in the ctx that it is given, so that the server's own
// look-ups (System) can be made in the middle of a request.
type tx struct {
	guard  *Guard
	inner  fhir.Tx
	opened *call // whose transaction it is

	consents bool           // a Consent was written
	wrote    map[string]int // references to what was written
	pending  []attachment   // what has to be there when the transaction ends
}

var (
	_ fhir.Tx        = (*tx)(nil)
	_ fhir.Explainer = (*tx)(nil)
)

// call finds whose call it is, without reading anything: another principal than the one that opened the transaction can only be
// the server.
func (t *tx) call(ctx context.Context) (*call, error) {
	p := From(ctx)
	switch {
	case p == nil:
		return nil, unknown()
	case p.server:
		return &call{who: p}, nil
	}
	if c, _ := ctx.Value(callKey{}).(*call); c != nil && c.who == p && c.access.guard == t.guard {
		return c, nil
	}
	if p == t.opened.who {
		return t.opened, nil
	}
	return nil, fhir.NewOutcome(fhir.Forbidden, "the transaction was opened for another principal")
}

// reading are the letters that a resource is read by: those of what the request is about.
func (c *call) reading(typ, id string) Perms {
	if c.req == nil || c.req.Type != typ {
		return Read
	}
	switch c.req.Interaction {
	case fhir.Update, fhir.Patch:
		if c.req.ID == id || c.req.Condition != nil {
			return Update
		}
	case fhir.Delete:
		if c.req.ID == id || c.req.Condition != nil {
			return Delete
		}
	}
	return Read
}

// sees reports whether the principal may have a resource by any of some letters.
func (t *tx) sees(ctx context.Context, c *call, perms Perms, r *fhir.Resource) (bool, error) {
	f, err := c.access.filter(perms, r.Type())
	if err != nil {
		return false, err
	}
	return f.sees(ctx, t, r)
}

// GuardCount implements fhir.Tx.
func (t *tx) GuardCount(ctx context.Context, guard string) (int64, error) {
	if From(ctx) == nil {
		return 0, unknown()
	}
	return t.inner.GuardCount(ctx, guard)
}

// Append implements fhir.Tx.
func (t *tx) Append(ctx context.Context, entries ...*fhir.JournalEntry) error {
	if From(ctx) == nil {
		return unknown()
	}
	return t.inner.Append(ctx, entries...)
}

// Record implements fhir.RecordReader: records are the server's own.
func (t *tx) Record(ctx context.Context, kind, key string) (*fhir.Record, error) {
	if err := server(ctx); err != nil {
		return nil, err
	}
	return t.inner.Record(ctx, kind, key)
}

// Records implements fhir.RecordReader.
func (t *tx) Records(ctx context.Context, kind, owner, after string, max int) ([]*fhir.Record, error) {
	if err := server(ctx); err != nil {
		return nil, err
	}
	return t.inner.Records(ctx, kind, owner, after, max)
}

// Keep implements fhir.Recorder.
func (t *tx) Keep(ctx context.Context, r *fhir.Record) error {
	if err := server(ctx); err != nil {
		return err
	}
	return t.inner.Keep(ctx, r)
}

// Drop implements fhir.Recorder.
func (t *tx) Drop(ctx context.Context, kind, key string) error {
	if err := server(ctx); err != nil {
		return err
	}
	return t.inner.Drop(ctx, kind, key)
}

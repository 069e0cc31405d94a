package sqlite

import (
	"context"

	"andiron.dev/fhir"
)

// aloneTx is the Tx of an update that has the writer to itself: what it writes goes to the database at once, so that its
// own searches see it.
type aloneTx struct {
	reader
	writer *writer
	wrote  bool
	failed error // of a write: part of it may be in the database, so the update cannot be committed any more
}

func (tx *aloneTx) Put(_ context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return tx.write(r.Type(), r.ID(), r)
}

func (tx *aloneTx) Create(_ context.Context, r *fhir.Resource) (*fhir.Version, error) {
	switch old, err := tx.row(r.Type(), r.ID()); {
	case err != nil:
		return nil, err
	case old.exists():
		return nil, fhir.Errorf(fhir.Duplicate, "there is a %s with this id already", r.Type())
	}
	return tx.write(r.Type(), r.ID(), r)
}

func (tx *aloneTx) Delete(_ context.Context, typ, id string) (*fhir.Version, error) {
	return tx.write(typ, id, nil)
}

func (tx *aloneTx) write(typ, id string, r *fhir.Resource) (*fhir.Version, error) {
	if err := tx.sound(); err != nil {
		return nil, err
	}
	old, err := tx.row(typ, id)
	if err != nil {
		return nil, err
	}
	w, err := tx.store.prepare(typ, id, r, old)
	if err != nil {
		return nil, err
	}
	if err := tx.change(func() error { return tx.writer.apply(w) }); err != nil {
		return nil, err
	}
	return w.version, nil
}

// change changes the database.
func (tx *aloneTx) change(fn func() error) error {
	if err := tx.sound(); err != nil {
		return err
	}
	tx.wrote = true
	if err := fn(); err != nil {
		tx.failed = asOutcome(err)
	}
	return tx.failed
}

// Search implements fhir.Reader. Words wait for the commit unless somebody looks for them.
func (tx *aloneTx) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	if err := tx.writer.writeWords(); err != nil {
		tx.failed = asOutcome(err)
		return nil, tx.failed
	}
	return tx.reader.Search(ctx, q)
}

// sound fails when nothing may be written or committed any more, even if fn thinks it could go on: after a write that
// failed half-way, and when SQLite has rolled the transaction back by itself (it does after some errors, and would commit
// each statement on its own from then on).
func (tx *aloneTx) sound() error {
	if tx.failed == nil && tx.conn.AutocommitEnabled() {
		tx.failed = fhir.Internal(errRolledBack)
	}
	return tx.failed
}

const errRolledBack = constError("SQLite has rolled the transaction back")

package audit

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/compartment"
)

// readTx notes what is read through it, and gives AuditEvents from the journal.
type readTx struct {
	fhir.Tx
	store   *store
	request *request // nil for what the server does by itself
	server  bool     // the request is the server's own
}

const auditEvent = "AuditEvent"

// saw notes what was read for whoever asks; what the server looks up for its own sake in the middle of it shows them nothing.
func (tx *readTx) saw(ctx context.Context, found ...*fhir.Resource) {
	if p := smart.From(ctx); p == nil || !p.IsServer() || tx.server {
		tx.request.saw(found...)
	}
}

// Read implements fhir.Reader.
func (tx *readTx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	if typ == auditEvent {
		return tx.journal(ctx).read(id)
	}
	r, err := tx.Tx.Read(ctx, typ, id)
	if err == nil {
		tx.saw(ctx, r)
	}
	return r, err
}

// VRead implements fhir.Reader. AuditEvents have one version.
func (tx *readTx) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	if typ == auditEvent {
		r, err := tx.journal(ctx).read(id)
		if err == nil && version != r.VersionID() {
			return nil, fhir.NewOutcome(fhir.NotFound, "there is no such version of this AuditEvent")
		}
		return r, err
	}
	r, err := tx.Tx.VRead(ctx, typ, id, version)
	if err == nil {
		tx.saw(ctx, r)
	}
	return r, err
}

// History implements fhir.Reader. That of all types together leaves AuditEvents out: it would consist of little else.
func (tx *readTx) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	if q.Type == auditEvent {
		return tx.journal(ctx).history(q)
	}
	page, err := tx.Tx.History(ctx, q)
	if err == nil {
		for i := range page.Events {
			if r := page.Events[i].Resource; r != nil {
				tx.saw(ctx, r)
			}
		}
	}
	return page, err
}

// Search implements fhir.Reader. A search across types finds AuditEvents only where it asks for nothing else.
func (tx *readTx) Search(ctx context.Context, query fhir.Query) (*fhir.SearchPage, error) {
	q, ok := query.(*search.Query)
	if !ok {
		return tx.Tx.Search(ctx, query)
	}
	switch of, err := ofTrail(q); {
	case err != nil:
		return nil, err
	case of != nil:
		return tx.journal(ctx).search(of)
	}
	page, err := tx.Tx.Search(ctx, q)
	if err == nil {
		tx.saw(ctx, page.Resources...)
	}
	return page, err
}

// Explain implements fhir.Explainer as far as the engine does.
func (tx *readTx) Explain(ctx context.Context, query fhir.Query) (*fhir.Explanation, error) {
	x, ok := tx.Tx.(fhir.Explainer)
	if of, isSearch := query.(*search.Query); !ok || isSearch && of.Type == auditEvent {
		return nil, fhir.NewOutcome(fhir.NotSupported, "this search cannot be explained")
	}
	return x.Explain(ctx, query)
}

// writeTx notes what is written through it.
type writeTx struct {
	readTx
	versions []written
	before   map[string]*fhir.Resource // what has been read of what may be written
}

// written is a version that was written.
type written struct {
	write    Write
	patients compartment.IDs
}

// Read implements fhir.Reader: what is to be written over has mostly just been read.
func (tx *writeTx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	r, err := tx.readTx.Read(ctx, typ, id)
	if err == nil && tx.store.trail.patients.May(typ) {
		if tx.before == nil {
			tx.before = make(map[string]*fhir.Resource)
		}
		tx.before[r.Reference()] = r
	}
	return r, err
}

// Put implements fhir.Tx.
func (tx *writeTx) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	before, err := tx.image(ctx, r.Type(), r.ID())
	if err != nil {
		return nil, err
	}
	v, err := tx.Tx.Put(ctx, r)
	if err == nil {
		tx.note(v, before, r)
	}
	return v, err
}

// Create implements fhir.Tx.
func (tx *writeTx) Create(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	if r.Type() == auditEvent {
		return nil, immutable()
	}
	v, err := tx.Tx.Create(ctx, r)
	if err == nil {
		tx.note(v, nil, r)
	}
	return v, err
}

// Delete implements fhir.Tx.
func (tx *writeTx) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	before, err := tx.image(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	v, err := tx.Tx.Delete(ctx, typ, id)
	if err == nil {
		tx.note(v, before, nil)
	}
	return v, err
}

// image is what a resource is before it is written over; nil where it is not there, or is in nobody's record.
func (tx *writeTx) image(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	if typ == auditEvent {
		return nil, immutable()
	}
	if !tx.store.trail.patients.May(typ) {
		return nil, nil
	}
	if r := tx.before[typ+"/"+id]; r != nil {
		return r, nil
	}
	r, err := tx.Tx.Read(ctx, typ, id)
	if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
		return nil, nil
	}
	return r, err
}

// note notes a version: it is in the records that it was in before, and in those that it is in now.
func (tx *writeTx) note(v *fhir.Version, before, after *fhir.Resource) {
	w := written{write: Write{What: versionedReference(v.Type, v.ID, v.VersionID), Method: fhir.Update}}
	switch {
	case v.Deleted:
		w.write.Method = fhir.Delete
	case v.Created:
		w.write.Method = fhir.Create
	}
	base := ""
	if tx.request != nil {
		base = tx.request.Base
	}
	t := tx.store.trail
	t.patients.Of(&w.patients, before, base)
	t.patients.Of(&w.patients, after, base)
	delete(tx.before, v.Type+"/"+v.ID)
	tx.versions = append(tx.versions, w)
}

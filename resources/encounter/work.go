package encounter

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// work is one operation while it is carried out: what it reads is what its caller may see, what it writes is one update.
type work struct {
	m   *Module
	ctx context.Context
	tx  fhir.Tx // nobody's: past the guard
	req *fhir.Request
	now time.Time

	written []*change
}

// change is a resource that the operation has written, or answers with.
type change struct {
	resource *fhir.Resource
	version  *fhir.Version // nil = it was only read, or a rule has written it
}

// carryOut runs fn in one update, and answers with what it has written.
func (m *Module) carryOut(ctx context.Context, req *fhir.Request, guards []string, fn func(*work) error) (*work, error) {
	var w *work
	slices.Sort(guards)
	err := m.config.Join(ctx, slices.Compact(guards), func(ctx context.Context, tx fhir.Tx) error {
		w = &work{m: m, ctx: ctx, tx: tx, req: req, now: m.now()}
		return fn(w)
	})
	if err == nil {
		err = w.readable(ctx)
	}
	return w, err
}

// now is the time to the second: what happens to patients is not known any better, and people write times so.
func (m *Module) now() time.Time { return m.config.Now().Truncate(time.Second) }

// seen reads a resource as the caller. Errors: NotFound, Deleted; Forbidden.
func (w *work) seen(typ, id string) (r *fhir.Resource, err error) {
	err = w.m.config.Store.View(w.ctx, func(tx fhir.Tx) error {
		r, err = tx.Read(w.ctx, typ, id)
		return err
	})
	return r, err
}

// subject reads the resource that the operation is called on, as the caller.
func (w *work) subject() (*fhir.Resource, error) {
	r, err := w.seen(w.req.Type, w.req.ID)
	if err == nil && w.req.IfMatch != "" && w.req.IfMatch != "*" && w.req.IfMatch != r.VersionID() {
		return nil, fhir.PreconditionFailed(fhir.Conflict, "the current version is "+r.VersionID()+", not the one that If-Match names; read it again")
	}
	return r, err
}

// put writes the next version of a resource.
func (w *work) put(o object) (*fhir.Resource, error) {
	r, err := w.m.sound(o)
	if err != nil {
		return nil, err
	}
	v, err := w.tx.Put(w.ctx, r)
	return w.note(r, v, err)
}

// create writes a resource under an id of its own.
func (w *work) create(o object) (*fhir.Resource, error) {
	if o["id"] == nil {
		o["id"] = w.m.config.NewID()
	}
	r, err := w.m.sound(o)
	if err != nil {
		return nil, err
	}
	v, err := w.tx.Create(w.ctx, r)
	return w.note(r, v, err)
}

// note keeps what was written for the answer.
func (w *work) note(r *fhir.Resource, v *fhir.Version, err error) (*fhir.Resource, error) {
	if err != nil {
		return nil, err
	}
	r = v.Written(r)
	w.show(r, v)
	return r, nil
}

// show has the answer hold a resource, in the place of an earlier version of it.
func (w *work) show(r *fhir.Resource, v *fhir.Version) {
	if r == nil {
		return
	}
	for _, c := range w.written {
		if c.resource.Type() == r.Type() && c.resource.ID() == r.ID() {
			c.resource, c.version = r, v
			return
		}
	}
	w.written = append(w.written, &change{resource: r, version: v})
}

// current is what the update has made of a resource that rules have written as well.
func (w *work) current(typ, id string) error {
	r, err := w.tx.Read(w.ctx, typ, id)
	if err == nil {
		w.show(r, nil)
	}
	return err
}

// bundle answers with all that was written.
func (w *work) bundle() *fhir.Response {
	b := &fhir.Bundle{Type: fhir.TransactionResponse, Total: -1}
	for _, c := range w.written {
		resp := &fhir.Response{Resource: c.resource, Version: c.version}
		if c.version != nil && c.version.Created {
			resp.Result = fhir.Created
		}
		b.Entries = append(b.Entries, fhir.Entry{Response: resp})
	}
	return &fhir.Response{Bundle: b}
}

// one answers with a single resource.
func (w *work) one(r *fhir.Resource) *fhir.Response {
	for _, c := range w.written {
		if c.resource.Type() == r.Type() && c.resource.ID() == r.ID() {
			return &fhir.Response{Resource: c.resource, Version: c.version}
		}
	}
	return &fhir.Response{Resource: r}
}

// sound makes a resource of an object and has the write gate look at it.
func (m *Module) sound(o object) (*fhir.Resource, error) {
	r, err := build(o)
	if err != nil {
		return nil, err
	}
	if wrong := m.gate.Check(r.Root()); wrong != nil {
		return nil, wrong
	}
	return r, nil
}

// find yields what a search that the server has put together finds, page by page; fn ends it by returning false.
func (m *Module) find(ctx context.Context, tx fhir.Tx, typ string, params fhir.Params, fn func(*fhir.Resource) bool) error {
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

// all is everything that a search finds.
func (m *Module) all(ctx context.Context, tx fhir.Tx, typ string, params ...fhir.Param) (found []*fhir.Resource, err error) {
	err = m.find(ctx, tx, typ, params, func(r *fhir.Resource) bool {
		found = append(found, r)
		return true
	})
	return found, err
}

// local takes a reference apart if it is one to a resource of this server.
func (m *Module) local(text string) (fhir.Reference, bool) {
	ref := fhir.ParseReference(text)
	return ref, ref.ID != "" && (ref.Base == "" || ref.Base == m.config.BaseURL)
}

// gone reports whether err says that a resource is not there, or not any more.
func gone(err error) bool {
	code := fhir.CodeOf(err)
	return code == fhir.NotFound || code == fhir.Deleted
}

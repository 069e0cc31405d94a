package smart

import (
	"context"

	"andiron.dev/fhir"
)

// Shower takes out of a resource what only some of those who may read it are shown, such as secrets of a Subscription. It is asked about every
// resource that a guarded store gives to anybody but the server, and looks up in records what it has to know.
type Shower func(ctx context.Context, records fhir.RecordReader, r *fhir.Resource) (*fhir.Resource, error)

// Show sets the Shower, before the first request.
func (g *Guard) Show(s Shower) { g.show = s }

// MayRead refuses with Forbidden when the principal in ctx can read no resource of a type, whatever is stored.
func (g *Guard) MayRead(ctx context.Context, typ string) error {
	c, err := g.call(ctx)
	if err != nil || c.who.server {
		return err
	}
	f, err := c.access.filter(Read|Search, typ)
	if err == nil && f.denied() {
		err = insufficient(c.who, typ, Read)
	}
	return err
}

// shown is a resource as the principal in ctx is shown it.
func (t *tx) shown(ctx context.Context, r *fhir.Resource) (*fhir.Resource, error) {
	if p := From(ctx); t.guard.show == nil || r == nil || p == nil || p.server {
		return r, nil
	}
	return t.guard.show(ctx, t.inner, r)
}

// Read implements fhir.Reader.
func (t *tx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	r, err := t.read(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	return t.shown(ctx, r)
}

// VRead implements fhir.Reader.
func (t *tx) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	r, err := t.vread(ctx, typ, id, version)
	if err != nil {
		return nil, err
	}
	return t.shown(ctx, r)
}

// Search implements fhir.Reader.
func (t *tx) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	page, err := t.search(ctx, q)
	if err != nil {
		return nil, err
	}
	for i, r := range page.Resources {
		if page.Resources[i], err = t.shown(ctx, r); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// History implements fhir.Reader.
func (t *tx) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	page, err := t.history(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range page.Events {
		e := &page.Events[i]
		if e.Resource, err = t.shown(ctx, e.Resource); err != nil {
			return nil, err
		}
	}
	return page, nil
}

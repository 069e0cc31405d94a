package smart

import (
	"context"

	"andiron.dev/fhir"
)

// What is out of reach is answered as what does not exist, in the words of the engines.
func notFound(typ string) error {
	return fhir.Errorf(fhir.NotFound, "there is no %s with this id", typ)
}

func noVersion(typ string) error {
	return fhir.Errorf(fhir.NotFound, "there is no such version of this %s", typ)
}

// read is Read before what is in a resource is kept back: see shown.go.
func (t *tx) read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if c.who.server || mutated() == hookRead {
		return t.inner.Read(ctx, typ, id)
	}
	f, err := c.access.filter(c.reading(typ, id), typ)
	switch {
	case err != nil:
		return nil, err
	case f.all():
		return t.inner.Read(ctx, typ, id)
	case f.denied():
		return nil, notFound(typ)
	}
	r, err := t.inner.Read(ctx, typ, id)
	if fhir.CodeOf(err) == fhir.Deleted {
		if last, lastErr := t.last(ctx, typ, id, 0); lastErr != nil {
			return nil, lastErr
		} else if ok, lastErr := t.shows(ctx, f, last); lastErr != nil || !ok {
			return nil, orElse(lastErr, notFound(typ))
		}
	}
	if err != nil {
		return nil, err
	}
	if ok, err := f.sees(ctx, t, r); err != nil || !ok {
		return nil, orElse(err, notFound(typ))
	}
	return r, nil
}

// vread is VRead before what is in a resource is kept back: see shown.go. A version is open where both it and the resource as it is today are: what has been closed since is
// closed with its past.
func (t *tx) vread(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if c.who.server || mutated() == hookVRead {
		return t.inner.VRead(ctx, typ, id, version)
	}
	f, err := c.access.filter(Read, typ)
	switch {
	case err != nil:
		return nil, err
	case f.all():
		return t.inner.VRead(ctx, typ, id, version)
	case f.denied():
		return nil, noVersion(typ)
	}
	today, err := t.image(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	if ok, err := t.shows(ctx, f, today); err != nil || !ok {
		return nil, orElse(err, noVersion(typ))
	}
	r, err := t.inner.VRead(ctx, typ, id, version)
	if err != nil {
		return nil, err
	}
	if ok, err := f.sees(ctx, t, r); err != nil || !ok {
		return nil, orElse(err, noVersion(typ))
	}
	return r, nil
}

// image is a resource as it is, or as it was when it was deleted; nil where there is none.
func (t *tx) image(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	r, err := t.inner.Read(ctx, typ, id)
	switch fhir.CodeOf(err) {
	case "":
		return r, nil
	case fhir.NotFound:
		return nil, nil
	case fhir.Deleted:
		return t.last(ctx, typ, id, 0)
	}
	return nil, err
}

// last is the newest version of a resource before a place in the commit order (0 = of all) that has content; nil where there is none.
func (t *tx) last(ctx context.Context, typ, id string, before fhir.Seq) (*fhir.Resource, error) {
	for {
		page, err := t.inner.History(ctx, fhir.HistoryQuery{Type: typ, ID: id, Count: 2, Before: before})
		if fhir.Gone(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			if e.Resource != nil {
				return e.Resource, nil
			}
		}
		if before = page.Next; before == 0 {
			return nil, nil
		}
	}
}

// shows is sees for an image.
func (t *tx) shows(ctx context.Context, f *filter, image *fhir.Resource) (bool, error) {
	if image == nil {
		return false, nil
	}
	return f.sees(ctx, t, image)
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

package smart

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

// Create implements fhir.Tx: what is created has to be within what may be.
func (t *tx) Create(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if !c.who.server {
		f, err := c.access.filter(Create, r.Type())
		if err == nil && mutated() != hookCreatePost {
			err = t.fits(ctx, c, f, r)
		}
		if err == nil {
			err = c.access.relabel(nil, r)
		}
		if err != nil {
			return nil, err
		}
		t.note(c, f, nil, r)
	}
	t.written(r.Type(), r.ID())
	return t.inner.Create(ctx, r)
}

// Put implements fhir.Tx: what is written over has to be within what may be changed, and so has what comes of it. Nothing moves in or
// out. Only clients that act for themselves give ids to what there is not; for others there is nothing to write over.
func (t *tx) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if !c.who.server {
		if err := t.mayPut(ctx, c, r); err != nil {
			return nil, err
		}
	}
	t.written(r.Type(), r.ID())
	return t.inner.Put(ctx, r)
}

func (t *tx) mayPut(ctx context.Context, c *call, r *fhir.Resource) error {
	f, err := c.access.filter(Update, r.Type())
	if err != nil {
		return err
	}
	if f.denied() {
		return insufficient(c.who, r.Type(), Update)
	}
	if f.all() && c.access.trusted() {
		return nil
	}
	before, err := t.image(ctx, r.Type(), r.ID())
	if err != nil {
		return err
	}
	switch {
	case before == nil && !f.unbound():
		return notFound(r.Type())
	case before != nil && mutated() != hookUpdatePre:
		if err := t.writable(ctx, c, f, before); err != nil {
			return err
		}
	}
	after := f
	if before == nil {
		if creating, err := c.access.filter(Create, r.Type()); err == nil && !creating.denied() {
			after = creating // as if it had been posted
		}
	}
	if mutated() != hookUpdatePost {
		if err := t.fits(ctx, c, after, r); err != nil {
			return err
		}
	}
	t.note(c, f, before, r)
	return c.access.relabel(before, r)
}

// Delete implements fhir.Tx.
func (t *tx) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if !c.who.server && mutated() != hookDelete {
		f, err := c.access.filter(Delete, typ)
		switch {
		case err != nil:
			return nil, err
		case f.denied():
			return nil, insufficient(c.who, typ, Delete)
		case !f.all():
			before, err := t.image(ctx, typ, id)
			if err != nil {
				return nil, err
			}
			if before == nil {
				return nil, notFound(typ)
			}
			if err := t.writable(ctx, c, f, before); err != nil {
				return nil, err
			}
		}
	}
	t.written(typ, id)
	return t.inner.Delete(ctx, typ, id)
}

// writable refuses to change what the filter does not pass: what may be read is known to be there, the rest is not.
func (t *tx) writable(ctx context.Context, c *call, f *filter, before *fhir.Resource) error {
	ok, err := f.sees(ctx, t, before)
	if err != nil || ok {
		return err
	}
	if seen, err := t.sees(ctx, c, Read|Search, before); err != nil || !seen {
		return orElse(err, notFound(before.Type()))
	}
	return fhir.Errorf(fhir.Forbidden, "this %s may be read by you, and not be changed", before.Type())
}

// fits refuses what would be out of reach once it is written.
func (t *tx) fits(ctx context.Context, c *call, f *filter, r *fhir.Resource) error {
	if f.denied() {
		return insufficient(c.who, r.Type(), c.perm())
	}
	ok, err := f.sees(ctx, t, r)
	if err == nil && ok {
		ok, err = t.alone(f, r)
	}
	if err != nil || ok {
		return err
	}
	return fhir.Errorf(fhir.Forbidden, "a resource of the type %s like this is not within what you may write", r.Type())
}

// alone reports whether a resource that comes from somebody confined to one record is in no other: whether there is such a record
// does not matter.
func (t *tx) alone(f *filter, r *fhir.Resource) (bool, error) {
	own := f.confined()
	if own == nil || r.Type() == "Patient" {
		return true, nil
	}
	member, err := t.guard.member(r.Type(), own[0])
	if err != nil || member == nil {
		return err == nil, err
	}
	for _, to := range t.guard.config.Params.Matcher(r.Type(), member).Values(r).References {
		local := to.Base == "" || to.Base == t.guard.config.BaseURL
		if to.Type == "Patient" && local && !slices.Contains(own, to.ID) {
			return false, nil
		}
	}
	return true, nil
}

// perm is the letter of the request, for what is said of it.
func (c *call) perm() Perms {
	if c.req != nil {
		switch c.req.Interaction {
		case fhir.Update, fhir.Patch:
			return Update
		case fhir.Delete:
			return Delete
		}
	}
	return Create
}

// relabel refuses to take restricted labels from a resource, or to give it such as the principal is not cleared for.
func (a *access) relabel(before, after *fhir.Resource) error {
	if a.trusted() || a.who.HasRole(RoleAdmin) || a.who.HasRole(RolePrivacyOfficer) || mutated() == hookLabels {
		return nil
	}
	was, is, closed := a.guard.labelsOf(before), a.guard.labelsOf(after), a.closed()
	for _, label := range was {
		if !slices.Contains(is, label) {
			return fhir.NewOutcome(fhir.Forbidden, "security labels are not taken away by you")
		}
	}
	for _, label := range is {
		if !slices.Contains(was, label) && slices.Contains(closed, label) {
			return fhir.NewOutcome(fhir.Forbidden, "this security label is not given by you")
		}
	}
	return nil
}

// written notes a write.
func (t *tx) written(typ, id string) {
	if typ == "Consent" {
		t.consents = true
	}
	if t.wrote == nil {
		t.wrote = make(map[string]int)
	}
	t.wrote[typ+"/"+id]++
}

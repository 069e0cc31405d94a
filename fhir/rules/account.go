package rules

import (
	"context"

	"andiron.dev/fhir"
)

// Then is told what an update has written before it is committed, and may add to it: what it fails with fails the update.
type Then func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error

// account is what each update with a context owes.
type account struct{ then Then }

type accountKey struct{}

// Account has everything accounted for that fn writes with the context that it is given: then is called in each update of its own that has
// written something, and once at the end where fn is part of an update (see Join) already. Its Tx is below whoever guards the store. What
// is taken back, or fails, is not accounted for.
func (e *Enforcer) Account(ctx context.Context, fn func(context.Context) error, then Then) error {
	u := e.unit(ctx)
	if u == nil {
		return fn(context.WithValue(ctx, accountKey{}, &account{then}))
	}
	before := len(u.versions)
	if err := fn(ctx); err != nil {
		return err
	}
	return u.account(ctx, before, then)
}

// account calls then with what has been written since, unless nothing has, or nothing of it will stay.
func (u *unit) account(ctx context.Context, since int, then Then) error {
	if len(u.versions) == since || u.stalled() || u.discard {
		return nil
	}
	written := u.versions[since:len(u.versions):len(u.versions)]
	return then(ctx, u.tx, written)
}

// settle accounts for an update as far as its context has it so.
func (u *unit) settle(ctx context.Context) error {
	a, _ := ctx.Value(accountKey{}).(*account)
	if a == nil {
		return nil
	}
	return u.account(ctx, 0, a.then)
}

package rules

import (
	"context"
	"errors"
	"slices"

	"andiron.dev/fhir"
)

// unit is an update that is being carried out, with all that takes part in it.
type unit struct {
	enforcer *Enforcer
	tx       *tx
	held     []string                // guards
	wanted   []string                // guards that it should have held
	asked    []func(context.Context) // what rules have to find out elsewhere
	broken   bool                    // a part failed after it had written
	discard  bool                    // nothing of it is to be committed
	versions []*fhir.Version         // written so far
}

func newUnit(e *Enforcer, inner fhir.Tx, guards []string) *unit {
	u := &unit{enforcer: e, held: guards}
	u.tx = &tx{Tx: inner, unit: u}
	return u
}

// want reports whether guards are held. Those that are not are taken by the next run: what this one does is of no account any more.
func (u *unit) want(guards []string) bool {
	held := true
	for _, g := range guards {
		if !slices.Contains(u.held, g) {
			held = false
			u.wanted = append(u.wanted, g)
		}
	}
	return held
}

// update is an update within the unit.
func (u *unit) update(guards []string, fn func(fhir.Tx) error) error {
	if !u.want(guards) {
		return errWanted
	}
	before := u.tx.writes
	err := fn(u.tx)
	u.broken = u.broken || err != nil && u.tx.writes > before
	return err
}

// stalled reports whether the unit runs again: what it does from now on only shows what else that needs.
func (u *unit) stalled() bool { return len(u.wanted) > 0 || len(u.asked) > 0 }

type unitKey struct{}

func (e *Enforcer) unit(ctx context.Context) *unit {
	if u, _ := ctx.Value(unitKey{}).(*unit); u != nil && u.enforcer == e {
		return u
	}
	return nil
}

// Join makes one update of everything that fn does to the store with the context that it is given: its updates and views, and what it does
// with the Tx, which is below whoever guards the store. fn may run several times, and nothing that it does with the store must run at the same time as anything
// else. When it fails nothing has been changed.
func (e *Enforcer) Join(ctx context.Context, guards []string, fn func(context.Context, fhir.Tx) error) error {
	if u := e.unit(ctx); u != nil {
		return u.update(guards, func(tx fhir.Tx) error { return fn(ctx, tx) })
	}
	return e.run(ctx, guards, func(u *unit) error { return fn(context.WithValue(ctx, unitKey{}, u), u.tx) })
}

// Joined reports whether ctx belongs to an update that Join has begun: what is written now is committed, or not, when that ends.
func (e *Enforcer) Joined(ctx context.Context) bool { return e.unit(ctx) != nil }

// ErrDiscarded is what Join returns where everything went well within it, and was a rehearsal.
const ErrDiscarded = constError("the update was a rehearsal: nothing was committed")

// Rehearse has fn do what it would do, and takes all of it back, together with the update that it may be part of. Its error is that of fn.
func (e *Enforcer) Rehearse(ctx context.Context, fn func(context.Context) error) error {
	err := e.Join(ctx, nil, func(ctx context.Context, _ fhir.Tx) error {
		err := fn(ctx)
		e.unit(ctx).discard = err == nil
		return err
	})
	if errors.Is(err, ErrDiscarded) {
		return nil
	}
	return err
}

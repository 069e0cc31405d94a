package rules

import (
	"context"

	"andiron.dev/fhir"
)

// tx is an update in which every change is held against the rules.
type tx struct {
	fhir.Tx
	unit   *unit
	writes int // so far
	depth  int // of rules that write what rules are about
}

// maxDepth ends rules that call forth each other.
const maxDepth = 8

// Create implements fhir.Tx.
func (t *tx) Create(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	after, err := t.check(ctx, r.Type(), func() (*fhir.Resource, error) { return nil, nil }, r)
	if err != nil {
		return nil, err
	}
	t.writes++
	return instead(r, after)(t.wrote(t.Tx.Create(ctx, after)))
}

// Put implements fhir.Tx.
func (t *tx) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	var before *fhir.Resource
	after, err := t.check(ctx, r.Type(), func() (_ *fhir.Resource, err error) {
		before, err = t.current(ctx, r.Type(), r.ID())
		return before, err
	}, r)
	if err != nil {
		return nil, err
	}
	if before != nil && after != r && before.Same(after) { // the rules leave nothing of the change
		return &fhir.Version{Type: r.Type(), ID: r.ID(), VersionID: before.VersionID(), LastUpdated: before.LastUpdated(), Instead: before}, nil
	}
	t.writes++
	return instead(r, after)(t.wrote(t.Tx.Put(ctx, after)))
}

// Delete implements fhir.Tx.
func (t *tx) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	_, err := t.check(ctx, typ, func() (*fhir.Resource, error) { return t.current(ctx, typ, id) }, nil)
	if err != nil {
		return nil, err
	}
	t.writes++
	return t.wrote(t.Tx.Delete(ctx, typ, id))
}

// wrote notes a version that the update has written.
func (t *tx) wrote(v *fhir.Version, err error) (*fhir.Version, error) {
	if err == nil {
		t.unit.versions = append(t.unit.versions, v)
	}
	return v, err
}

// Keep implements fhir.Recorder.
func (t *tx) Keep(ctx context.Context, r *fhir.Record) error {
	t.writes++
	return t.Tx.Keep(ctx, r)
}

// current is a resource as it is; nil = there is none.
func (t *tx) current(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	r, err := t.Tx.Read(t.unit.enforcer.internal(ctx), typ, id)
	if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
		return nil, nil
	}
	return r, err
}

// check holds a change against the rules about its type and returns what they make of it.
func (t *tx) check(ctx context.Context, typ string, current func() (*fhir.Resource, error), after *fhir.Resource) (*fhir.Resource, error) {
	list := t.unit.enforcer.rules(typ)
	if len(list) == 0 {
		return after, nil
	}
	if t.depth > maxDepth {
		return nil, fhir.Internal(constError("rules about " + typ + " call forth each other without end"))
	}
	before, err := current()
	if err != nil || before == nil && after == nil { // there is nothing to delete
		return nil, err
	}
	for i := range list {
		next, err := t.one(ctx, &list[i], before, after)
		if err != nil {
			return nil, err
		}
		if next == nil {
			continue
		}
		if after == nil || next.Type() != after.Type() || next.ID() != after.ID() {
			return nil, fhir.Internal(constError("a rule about " + typ + " puts another resource in the place of the one that is written"))
		}
		after = next
	}
	return after, nil
}

// one holds a change against a rule, unless its guards are not held, or it has to find something out: then the update runs again, and is only
// carried on to find what else it needs.
func (t *tx) one(ctx context.Context, rule *fhir.Rule, before, after *fhir.Resource) (*fhir.Resource, error) {
	if rule.Guards != nil {
		guards, err := rule.Guards(before, after)
		if err != nil {
			return nil, err
		}
		if !t.unit.want(guards) {
			return nil, nil
		}
	}
	if rule.Ask != nil && after != nil {
		if find := rule.Ask(after); find != nil {
			t.unit.asked = append(t.unit.asked, find)
		}
	}
	if rule.Check == nil || t.unit.stalled() {
		return nil, nil
	}
	deeper := &tx{Tx: t.Tx, unit: t.unit, depth: t.depth + 1}
	next, err := rule.Check(ctx, &fhir.Change{Before: before, After: after, Tx: &own{deeper, t.unit.enforcer.internal}})
	t.writes += deeper.writes
	return next, err
}

// instead notes in a version what was written where that is not what was given.
func instead(given, written *fhir.Resource) func(*fhir.Version, error) (*fhir.Version, error) {
	return func(v *fhir.Version, err error) (*fhir.Version, error) {
		if err == nil && given != written {
			v.Instead = written
		}
		return v, err
	}
}

package idempotency

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// replay gives an answer again. Errors: KeyReused where it was to another request; what was answered then.
func (k *Keeper) replay(ctx context.Context, a *answer, hash string) (*fhir.Response, error) {
	if a.Hash != hash {
		o := fhir.NewOutcome(fhir.Duplicate, "this Idempotency-Key has been used for another request; a new request needs a new key")
		o.Issues[0].Detail, o.Refinement = "idempotency-key-reused", fhir.KeyReused
		return nil, o
	}
	if a.Error != nil {
		o := *a.Error
		o.Replayed = true
		return nil, &o
	}
	var resp *fhir.Response
	err := k.Rules.Store().View(k.Internal(ctx), func(tx fhir.Tx) (err error) {
		t := &times{ctx: k.Internal(ctx), tx: tx}
		resp = t.response(a.Response)
		return t.err
	})
	if err != nil {
		return nil, err
	}
	resp.Replayed = &fhir.Replayed{Base: a.Base, Return: a.Return}
	return resp, nil
}

func (k *Keeper) replayOr(ctx context.Context, found *answer, hash string, err error) (*fhir.Response, error) {
	if err != nil {
		return nil, err
	}
	return k.replay(ctx, found, hash)
}

// times looks up when versions were written.
type times struct {
	ctx context.Context
	tx  fhir.Tx
	err error
}

// of is the time of a version, where nobody knew it yet.
func (t *times) of(typ, id, version string, known time.Time) time.Time {
	if !known.IsZero() || version == "" || t.err != nil {
		return known
	}
	r, err := t.tx.VRead(t.ctx, typ, id, version)
	if err == nil {
		return r.LastUpdated()
	}
	if fhir.CodeOf(err) != fhir.Deleted {
		t.err = err
		return known
	}
	for before := fhir.Seq(0); ; {
		page, err := t.tx.History(t.ctx, fhir.HistoryQuery{Type: typ, ID: id, Count: 100, Before: before})
		if err != nil {
			t.err = err
			return known
		}
		for i := range page.Events {
			if page.Events[i].VersionID == version {
				return page.Events[i].LastUpdated
			}
		}
		if before = page.Next; before == 0 {
			return known
		}
	}
}

func (t *times) response(from *response) *fhir.Response {
	if from == nil {
		return nil
	}
	resp := &fhir.Response{Result: from.Result, Resource: t.resource(from.Resource), Notes: from.Notes, Location: from.Location}
	if v := from.Version; v != nil {
		v.LastUpdated = t.of(v.Type, v.ID, v.VersionID, v.LastUpdated)
		resp.Version = v
	}
	if b := from.Bundle; b != nil {
		resp.Bundle = &fhir.Bundle{Type: b.Type, ID: b.ID, Time: b.Time, Total: b.Total, Links: b.Links}
		for i := range b.Entries {
			e := &b.Entries[i]
			next := fhir.Entry{Resource: t.resource(e.Resource), Mode: e.Mode, Event: e.Event, Response: t.response(e.Response)}
			if e.Event != nil {
				e.Event.Resource, e.Event.LastUpdated = next.Resource, t.of(e.Event.Type, e.Event.ID, e.Event.VersionID, e.Event.LastUpdated)
			}
			resp.Bundle.Entries = append(resp.Bundle.Entries, next)
		}
	}
	return resp
}

func (t *times) resource(from *resource) *fhir.Resource {
	if from == nil {
		return nil
	}
	if from.Version == "" {
		return fhir.Stored(from.Type, from.ID, "", time.Time{}, from.Body)
	}
	return fhir.Stored(from.Type, from.ID, from.Version, t.of(from.Type, from.ID, from.Version, from.Updated), from.Body)
}

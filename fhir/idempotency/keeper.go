package idempotency

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rules"
)

// Retention is how long an answer is kept.
const Retention = 24 * time.Hour

// Kind is the kind of the records that hold answers.
const Kind = "idempotency"

// Keeper keeps answers. All fields are required.
type Keeper struct {
	Rules *rules.Enforcer
	// Caller names who asks: a key is theirs alone. "" is a name too.
	Caller func(context.Context) string
	// Internal gives the context of what the keeper looks up.
	Internal func(context.Context) context.Context
	Now      func() time.Time
	NewID    func() string

	mu      sync.Mutex
	running map[string]bool
}

// Middleware carries a request with a key out once, in one update, and answers what repeats it with what was answered then. It belongs
// behind whoever refuses callers. Errors: InProgress, KeyReused (see fhir.Refinement).
func (k *Keeper) Middleware(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.IdempotencyKey == "" || !req.Changes() {
			return next.Serve(ctx, req)
		}
		if req.Interaction == fhir.Batch {
			return nil, fhir.NewOutcome(fhir.NotSupported, "a batch is not one update, so it cannot have an Idempotency-Key; send a transaction, or the entries one by one")
		}
		hash, err := digestOf(req)
		if err != nil {
			return nil, err
		}
		name := recordKey(k.Caller(ctx), req)
		if !k.begin(name) {
			o := fhir.NewOutcome(fhir.LockError, "a request with this Idempotency-Key is being carried out; ask again when it is done")
			o.Issues[0].Detail, o.Refinement, o.RetryAfter = "idempotency-in-progress", fhir.InProgress, time.Second
			return nil, o
		}
		defer k.end(name)
		return k.carryOut(ctx, req, next, name, hash)
	})
}

// Keep carries a request out and keeps what it is answered under a name, whatever it is. Errors that are not lasting are not kept: see Fail.
func (k *Keeper) Keep(ctx context.Context, req *fhir.Request, name string, next fhir.Handler) (*fhir.Response, error) {
	return k.carryOut(ctx, req, next, sum(name), name)
}

// Fail keeps an error under a name, unless there is an answer.
func (k *Keeper) Fail(ctx context.Context, name string, failed error) error {
	o := *fhir.AsOutcome(failed).WithCause(nil)
	_, err := k.after(ctx, sum(name), &answer{Hash: name, Error: &o})
	return err
}

// Answer is what is kept under a name; found says whether there is anything.
func (k *Keeper) Answer(ctx context.Context, name string) (resp *fhir.Response, found bool, err error) {
	var a *answer
	err = k.Rules.Store().View(ctx, func(tx fhir.Tx) (err error) {
		a, err = k.find(ctx, tx, sum(name))
		return err
	})
	if err != nil || a == nil {
		return nil, false, err
	}
	resp, err = k.replay(ctx, a, name)
	return resp, true, err
}

// Forget drops what is kept under a name.
func (k *Keeper) Forget(ctx context.Context, tx fhir.Tx, name string) error {
	return tx.Drop(ctx, Kind, sum(name))
}

// carryOut answers from what is kept, or has the request carried out and keeps its answer.
func (k *Keeper) carryOut(ctx context.Context, req *fhir.Request, next fhir.Handler, name, hash string) (*fhir.Response, error) {
	resp, found, err := k.once(ctx, req, next, name, hash)
	switch {
	case found != nil:
		return k.replay(ctx, found, hash)
	case errors.Is(err, rules.ErrDiscarded):
		found, err := k.after(ctx, name, newAnswer(req, hash, resp))
		if err != nil || found != nil {
			return k.replayOr(ctx, found, hash, err)
		}
		return resp, nil
	case err != nil && lasting(err):
		if found, err := k.after(ctx, name, &answer{Hash: hash, Base: req.Base, Error: fhir.AsOutcome(err)}); err != nil || found != nil {
			return k.replayOr(ctx, found, hash, err)
		}
	}
	return resp, err
}

// once carries the request out, unless there is an answer already.
func (k *Keeper) once(ctx context.Context, req *fhir.Request, next fhir.Handler, name, hash string) (resp *fhir.Response, found *answer, err error) {
	err = k.Rules.Join(ctx, nil, func(ctx context.Context, tx fhir.Tx) error {
		var err error
		if found, err = k.find(ctx, tx, name); err != nil || found != nil {
			return err
		}
		called := *req
		if resp, err = next.Serve(ctx, &called); err != nil {
			return err
		}
		k.date(resp)
		return k.keep(ctx, tx, name, newAnswer(&called, hash, resp))
	})
	return resp, found, err
}

// after keeps an answer to what has changed nothing. Should another server have carried the request out meanwhile, its answer counts.
func (k *Keeper) after(ctx context.Context, name string, a *answer) (found *answer, err error) {
	err = k.Rules.Join(ctx, nil, func(ctx context.Context, tx fhir.Tx) error {
		var err error
		if found, err = k.find(ctx, tx, name); err != nil || found != nil {
			return err
		}
		return k.keep(ctx, tx, name, a)
	})
	return found, err
}

func (k *Keeper) find(ctx context.Context, tx fhir.Tx, name string) (*answer, error) {
	r, err := tx.Record(ctx, Kind, name)
	if fhir.CodeOf(err) == fhir.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a := &answer{}
	return a, json.Unmarshal(r.Value, a)
}

func (k *Keeper) keep(ctx context.Context, tx fhir.Tx, name string, a *answer) error {
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return tx.Keep(ctx, &fhir.Record{Kind: Kind, Key: name, Expires: k.Now().Add(Retention), Value: value})
}

// begin reports whether nobody in this process is at it.
func (k *Keeper) begin(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running[name] {
		return false
	}
	if k.running == nil {
		k.running = make(map[string]bool)
	}
	k.running[name] = true
	return true
}

func (k *Keeper) end(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.running, name)
}

// lasting reports whether a refusal would be the same again: it is of the request, not of the moment or of who asks.
func lasting(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.Exception, fhir.Transient, fhir.LockError, fhir.Timeout, fhir.Incomplete, fhir.NoStore, fhir.Throttled, fhir.Login, fhir.Expired, fhir.Unknown:
		return false
	}
	return true
}

// date gives the Bundles of an answer what they would otherwise get when they are sent.
func (k *Keeper) date(resp *fhir.Response) {
	if resp == nil || resp.Bundle == nil {
		return
	}
	resp.Bundle.ID, resp.Bundle.Time = k.NewID(), k.Now()
	for i := range resp.Bundle.Entries {
		k.date(resp.Bundle.Entries[i].Response)
	}
}

package async

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"andiron.dev/fhir"
)

//go:embed definitions/*.json
var definitions embed.FS

// Register implements fhir.Module.
func (j *Jobs) Register(r *fhir.Registry) error {
	for name, h := range map[string]fhir.HandlerFunc{"status": j.status, "cancel": j.cancel} {
		text, err := definitions.ReadFile("definitions/" + name + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), h); err != nil {
			return err
		}
	}
	r.Work(j)
	return nil
}

// entry is what a record says of a job.
type entry struct {
	Begun  time.Time
	Lease  time.Time // until then it is being carried out
	Caller string
}

// keep writes a job down, or renews its lease. Errors: NotFound for one that is there no more.
func (j *Jobs) keep(ctx context.Context, id, caller string, fresh bool) error {
	return j.Rules.Store().Update(j.Internal(ctx), nil, func(tx fhir.Tx) error {
		e := entry{Begun: j.Now(), Caller: caller}
		if !fresh {
			r, err := tx.Record(ctx, Kind, id)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(r.Value, &e); err != nil {
				return err
			}
		}
		e.Lease = j.Now().Add(lease)
		value, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return tx.Keep(ctx, &fhir.Record{Kind: Kind, Key: id, Expires: e.Begun.Add(Kept), Value: value})
	})
}

// find looks a job up. Errors: NotFound, also for what belongs to somebody else.
func (j *Jobs) find(ctx context.Context, tx fhir.Tx, id string) (*entry, error) {
	e := &entry{}
	r, err := tx.Record(ctx, Kind, id)
	if err == nil {
		err = json.Unmarshal(r.Value, e)
	}
	if fhir.CodeOf(err) == fhir.NotFound || err == nil && e.Caller != j.Caller(ctx) {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such job, or its result is kept no more")
	}
	return e, err
}

// status is $async-status.
func (j *Jobs) status(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id := req.Input.Text("job")
	var e *entry
	err := j.Rules.Store().View(ctx, func(tx fhir.Tx) (err error) {
		e, err = j.find(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	resp, found, err := j.Answers.Answer(ctx, answerOf(id))
	switch {
	case found:
	case err != nil:
		return nil, err
	case j.here(id) || j.Now().Before(e.Lease):
		seconds := int(j.Now().Sub(e.Begun) / time.Second)
		return &fhir.Response{Result: fhir.Accepted, Progress: fmt.Sprintf("in progress for %d s", seconds), Resource: told("the request is being carried out")}, nil
	default:
		err = fhir.NewOutcome(fhir.Incomplete, "the server was stopped before the request was carried out; nothing was changed, so it can be sent again")
	}
	return &fhir.Response{Bundle: &fhir.Bundle{Type: fhir.BatchResponse, Total: -1, Entries: []fhir.Entry{{Response: resp, Err: err}}}}, nil
}

// here reports whether this process is at it.
func (j *Jobs) here(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running[id] != nil
}

// cancel is DELETE of $async-status.
func (j *Jobs) cancel(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id := req.Input.Text("job")
	err := j.Rules.Store().Update(ctx, nil, func(tx fhir.Tx) error {
		if _, err := j.find(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.Drop(ctx, Kind, id); err != nil {
			return err
		}
		return j.Answers.Forget(ctx, tx, answerOf(id))
	})
	if err != nil || req.DryRun {
		return &fhir.Response{Resource: told("the request would be cancelled, or its result forgotten")}, err
	}
	j.mu.Lock()
	if one := j.running[id]; one != nil {
		one.cancel()
	}
	j.mu.Unlock()
	return &fhir.Response{Result: fhir.Accepted, Resource: told("the request was cancelled, or its result forgotten")}, nil
}

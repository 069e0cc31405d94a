package async

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/idempotency"
	"andiron.dev/fhir/rules"
)

// Jobs carries out requests beside others. All fields are required; Handler must be set before the first request.
type Jobs struct {
	Rules   *rules.Enforcer
	Answers *idempotency.Keeper
	// Handler is the whole pipeline, Middleware of this included.
	Handler fhir.Handler
	// Caller names who asks: a job is theirs alone.
	Caller   func(context.Context) string
	Internal func(context.Context) context.Context
	Now      func() time.Time
	NewID    func() string
	Log      *slog.Logger

	mu      sync.Mutex
	running map[string]*job
	stopped bool
	places  chan struct{}
}

// Bounds.
const (
	atOnce  = 4                // jobs that are carried out at the same time by this process
	most    = 256              // jobs that are begun and have not ended
	longest = time.Hour        // of a job
	lease   = 30 * time.Second // for which a job belongs to a process without its saying so again
	again   = time.Second      // when to ask again
	// Kept is how long a result is kept.
	Kept = idempotency.Retention
)

// Kind is the kind of the records of jobs.
const Kind = "async-job"

// job is a job of this process.
type job struct {
	id     string
	cancel context.CancelFunc
	done   chan struct{}
}

// Middleware takes operations and searches that prefer to be answered later. It belongs behind whoever refuses callers, and before whatever
// keeps answers to requests with a key.
func (j *Jobs) Middleware(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		switch {
		case req.Job != "":
			return j.carryOut(ctx, req, next)
		case !req.Prefer.Async || req.Tx != nil || req.Operation == "async-status" || req.Operation == "async-cancel":
			return next.Serve(ctx, req)
		}
		switch req.Interaction {
		case fhir.Operation, fhir.SearchType, fhir.SearchSystem:
			return j.begin(ctx, req)
		}
		return next.Serve(ctx, req)
	})
}

// begin writes a job down and begins with it.
func (j *Jobs) begin(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	one := &job{id: j.NewID(), done: make(chan struct{})}
	if err := j.enter(one); err != nil {
		return nil, err
	}
	if err := j.keep(ctx, one.id, j.Caller(ctx), true); err != nil {
		j.leave(one)
		return nil, err
	}
	called := *req
	called.Prefer.Async, called.Job = false, one.id
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
	j.mu.Lock()
	one.cancel = cancel
	if j.stopped {
		cancel()
	}
	j.mu.Unlock()
	go j.work(work, one, &called)
	return &fhir.Response{
		Result: fhir.Accepted, Location: "$async-status?job=" + one.id,
		Resource: told("the request is being carried out; Content-Location says where its result will be"),
	}, nil
}

func (j *Jobs) enter(one *job) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped || len(j.running) >= most {
		o := fhir.NewOutcome(fhir.Throttled, "too many requests are being carried out beside others")
		o.RetryAfter = again
		return o
	}
	if j.running == nil {
		j.running, j.places = make(map[string]*job), make(chan struct{}, atOnce)
	}
	one.cancel = func() {}
	j.running[one.id] = one
	return nil
}

func (j *Jobs) leave(one *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, one.id)
	close(one.done)
}

// work carries a job out when it is its turn, and keeps its lease meanwhile.
func (j *Jobs) work(ctx context.Context, one *job, req *fhir.Request) {
	defer j.leave(one)
	defer one.cancel()
	defer func() {
		if err := fhir.Recovered(recover()); err != nil {
			j.Log.Error("a job broke down", slog.String("cause", err.Error()))
		}
	}()
	caller, ended := j.Caller(ctx), make(chan struct{})
	defer func() { <-ended }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(ended)
		j.renew(ctx, one, caller)
	}()
	select {
	case j.places <- struct{}{}:
		defer func() { <-j.places }()
	case <-ctx.Done():
		return
	}
	if _, err := j.Handler.Serve(ctx, req); err != nil && ctx.Err() == nil { // what comes of it is in the store
		if err := j.Answers.Fail(context.WithoutCancel(ctx), answerOf(one.id), err); err != nil {
			j.Log.Error("the failure of a job could not be kept", slog.String("cause", err.Error()))
		}
	}
}

// renew keeps the lease, and stops the job when it has been cancelled.
func (j *Jobs) renew(ctx context.Context, one *job, caller string) {
	ticker := time.NewTicker(lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := j.keep(ctx, one.id, caller, false); fhir.CodeOf(err) == fhir.NotFound {
				one.cancel()
				return
			}
		}
	}
}

// carryOut is the job within the pipeline: what the request changes and what is answered are committed together, unless the job has been
// cancelled by then.
func (j *Jobs) carryOut(ctx context.Context, req *fhir.Request, next fhir.Handler) (*fhir.Response, error) {
	return j.Answers.Keep(ctx, req, answerOf(req.Job), fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		resp, err := next.Serve(ctx, req)
		if err != nil {
			return nil, err
		}
		return resp, j.Rules.Store().View(ctx, func(tx fhir.Tx) error {
			_, err := tx.Record(ctx, Kind, req.Job)
			return err
		})
	}))
}

func answerOf(id string) string { return "job " + id }

func told(text string) *fhir.Resource {
	return (&fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Text: text}}}).Resource()
}

// Run implements fhir.Worker: when ctx ends, so do the jobs. What they have not finished they have not changed.
func (j *Jobs) Run(ctx context.Context) {
	<-ctx.Done()
	j.mu.Lock()
	j.stopped = true
	for _, one := range j.running {
		one.cancel()
	}
	j.mu.Unlock()
	_ = j.Drain(context.WithoutCancel(ctx))
}

// Drain implements fhir.Worker.
func (j *Jobs) Drain(ctx context.Context) error {
	for {
		var one *job
		j.mu.Lock()
		for _, one = range j.running {
			break
		}
		j.mu.Unlock()
		if one == nil {
			return nil
		}
		select {
		case <-one.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

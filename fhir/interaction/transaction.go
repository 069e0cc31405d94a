package interaction

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"andiron.dev/fhir"
)

// transaction is http://hl7.org/fhir/R4/http.html#trules: all entries or none, in the order DELETE, POST, PUT and PATCH, GET, with
// references between entries turned into references to what the server has stored.
func (x *Interactions) transaction(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if o := x.Gate.CheckEnvelope(req.Resource.Root()); o != nil {
		return nil, o
	}
	entries, err := x.entries(req)
	if err != nil {
		return nil, err
	}
	t := &transaction{x: x, entries: entries, base: req.Base, once: onceGuard(req.Once)}
	if err := t.check(); err != nil {
		return nil, err
	}
	guards, err := t.guards()
	if err != nil {
		return nil, err
	}
	update := func(ctx context.Context) error {
		return x.Store.Update(ctx, guards, func(tx fhir.Tx) error { return t.run(ctx, tx) })
	}
	switch {
	case t.operates && x.Join != nil: // operations update the store by themselves
		err = x.Join(ctx, update)
	case t.writes():
		err = update(ctx)
	default:
		err = x.Store.View(ctx, func(tx fhir.Tx) error { return t.run(ctx, tx) })
	}
	if err != nil {
		return nil, err
	}
	b := &fhir.Bundle{Type: fhir.TransactionResponse, Total: -1}
	for _, e := range entries {
		b.Entries = append(b.Entries, fhir.Entry{Response: e.resp})
	}
	return &fhir.Response{Bundle: b}, nil
}

type transaction struct {
	x       *Interactions
	entries []*entry
	base    string
	once    string // guard of a transaction that must not happen twice; "" = none

	operates bool // an entry is an operation that is called by POST
}

func (t *transaction) writes() bool {
	for _, e := range t.entries {
		if phaseOf(e.req) != phaseRead {
			return true
		}
	}
	return false
}

// check finds what is wrong with the entries before anything is touched: all mistakes of all entries. The resources go
// through the gate on all cores.
func (t *transaction) check() error {
	types := make(map[string]string, len(t.entries))
	failure := &fhir.Outcome{}
	for _, e := range t.entries {
		if e.err != nil {
			failure.Issues = append(failure.Issues, fhir.AsOutcome(e.err).Issues...)
			continue
		}
		if err := t.checkOperation(e); err != nil {
			o := fhir.AsOutcome(err).Within(e.path + ".request.url")
			if len(failure.Issues) == 0 {
				failure.Refinement, failure.Allow = o.Refinement, o.Allow
			}
			failure.Issues = append(failure.Issues, o.Issues...)
			continue
		}
		if e.fullURL == "" {
			continue
		}
		if _, twice := types[e.fullURL]; twice && e.root.Exists() {
			failure.Issues = append(failure.Issues, fhir.NewOutcome(fhir.Invalid, "two entries have the same fullUrl", e.path+".fullUrl").Issues...)
		}
		types[e.fullURL] = e.root.Get("resourceType").Text()
	}
	outcomes := make([]*fhir.Outcome, len(t.entries))
	err := t.parallel(func(i int) {
		e := t.entries[i]
		if e.err == nil && (e.req.Interaction == fhir.Create || e.req.Interaction == fhir.Update) {
			outcomes[i] = t.x.Gate.CheckEntry(e.root, func(url string) string { return types[url] })
			e.req.Checked = true
		}
	})
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o != nil {
			failure.Issues = append(failure.Issues, o.Issues...)
		}
	}
	if len(failure.Issues) > 0 {
		return failure
	}
	return nil
}

// checkOperation finds out whether the operation that an entry names can be part of a transaction.
func (t *transaction) checkOperation(e *entry) error {
	if e.req.Interaction != fhir.Operation || t.x.registry == nil {
		return nil
	}
	d, _, err := t.x.registry.FindOperation(e.req)
	if err != nil {
		return err
	}
	t.operates = t.operates || !e.req.Safe
	return t.x.joins(d)
}

// parallel calls fn for each entry, on all cores where there are enough entries to be worth it. Its error is a panic of fn,
// which nobody else would recover from.
func (t *transaction) parallel(fn func(i int)) error {
	workers := min(runtime.GOMAXPROCS(0), len(t.entries)/16+1)
	var next atomic.Int64
	var wg sync.WaitGroup
	panics := make([]error, workers)
	for worker := range workers {
		wg.Go(func() {
			defer func() { panics[worker] = fhir.Recovered(recover()) }()
			for i := next.Add(1) - 1; int(i) < len(t.entries); i = next.Add(1) - 1 {
				fn(int(i))
			}
		})
	}
	wg.Wait()
	for _, err := range panics {
		if err != nil {
			return err
		}
	}
	return nil
}

// guards are the guards of all entries.
func (t *transaction) guards() (all []string, err error) {
	if t.once != "" {
		all = append(all, t.once)
	}
	for _, e := range t.entries {
		if e.req.Condition == nil {
			continue
		}
		if e.guard, err = t.x.guard(e.req); err != nil {
			return nil, within(err, e.path+".request")
		}
		all = append(all, e.guard)
	}
	return all, nil
}

// run carries the transaction out. It may be called several times, so it leaves nothing behind but the responses.
func (t *transaction) run(ctx context.Context, tx fhir.Tx) error {
	if err := t.first(ctx, tx); err != nil {
		return err
	}
	requests := make([]*fhir.Request, len(t.entries))
	for i, e := range t.entries {
		req := *e.req
		req.Tx = tx
		if req.Interaction == fhir.Create || req.Interaction == fhir.Update && req.Condition != nil && !e.root.Get("id").Exists() {
			req.ID = e.id
		}
		requests[i] = &req
	}
	if err := t.resolve(ctx, tx, requests, maxDelete+1, phaseDelete); err != nil {
		return err
	}
	if err := t.phase(ctx, phaseDelete, requests); err != nil {
		return err
	}
	if err := t.resolve(ctx, tx, requests, 2, phaseCreate, phaseUpdate); err != nil {
		return err
	}
	links := newLinks(ctx, t, tx)
	echoes, err := links.collect(requests)
	if err != nil {
		return err
	}
	for i, e := range t.entries {
		if err := links.fill(e, requests[i]); err != nil {
			return err
		}
	}
	for _, phase := range []int{phaseCreate, phaseUpdate, phaseOperate, phaseRead} {
		if err := t.phase(ctx, phase, requests); err != nil {
			return err
		}
	}
	for e, first := range echoes {
		e.resp = &fhir.Response{Resource: first.resp.Resource, Version: first.resp.Version}
	}
	return nil
}

// resolve evaluates the conditions of the phases before the first of their entries is carried out: two entries with the
// same condition must not see each other.
func (t *transaction) resolve(ctx context.Context, tx fhir.Tx, requests []*fhir.Request, max int, phases ...int) error {
	for i, req := range requests {
		if req.Condition == nil || !slices.Contains(phases, phaseOf(req)) {
			continue
		}
		matches, err := t.x.matches(ctx, tx, req, max)
		if err != nil {
			return within(err, t.entries[i].path+".request")
		}
		req.Matches, req.Resolved = matches, true
	}
	return nil
}

// phase sends the requests of one phase through the pipeline.
func (t *transaction) phase(ctx context.Context, phase int, requests []*fhir.Request) error {
	for i, e := range t.entries {
		if requests[i] == nil || phaseOf(requests[i]) != phase {
			continue
		}
		resp, err := t.x.Handler.Serve(ctx, requests[i])
		if err != nil {
			return e.failed(err)
		}
		e.resp = resp
	}
	return nil
}

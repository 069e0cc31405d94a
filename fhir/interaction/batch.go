package interaction

import (
	"context"
	"sync"

	"andiron.dev/fhir"
)

// batchWorkers is how many entries of a batch are carried out at the same time. They are independent of each other by
// definition, and those that write share commits that way.
const batchWorkers = 8

// batch is http://hl7.org/fhir/R4/http.html#brules: every entry succeeds or fails on its own.
func (x *Interactions) batch(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if o := x.Gate.CheckEnvelope(req.Resource.Root()); o != nil {
		return nil, o
	}
	entries, err := x.entries(req)
	if err != nil {
		return nil, err
	}
	for phase := range phases {
		x.batchPhase(ctx, entries, phase)
	}
	b := &fhir.Bundle{Type: fhir.BatchResponse, Total: -1}
	for _, e := range entries {
		b.Entries = append(b.Entries, fhir.Entry{Response: e.resp, Err: e.err})
	}
	return &fhir.Response{Bundle: b}, nil
}

// batchPhase carries out the entries of a phase. Those that name the same resource, which R4 forbids, run one after the
// other in their order, so that at least the result is the same every time.
func (x *Interactions) batchPhase(ctx context.Context, entries []*entry, phase int) {
	var order []string
	queues := make(map[string][]*entry)
	for _, e := range entries {
		if e.err != nil || phaseOf(e.req) != phase {
			continue
		}
		key := e.path
		if phase != phaseRead && e.req.ID != "" {
			key = e.req.Type + "/" + e.req.ID
		}
		if queues[key] == nil {
			order = append(order, key)
		}
		queues[key] = append(queues[key], e)
	}
	var wg sync.WaitGroup
	limit := make(chan struct{}, batchWorkers)
	for _, key := range order {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			for _, e := range queues[key] {
				x.batchEntry(ctx, e)
			}
		})
	}
	wg.Wait()
}

func (x *Interactions) batchEntry(ctx context.Context, e *entry) {
	// Nobody else recovers here: a panic would end the program.
	defer func() {
		if err := fhir.Recovered(recover()); err != nil {
			e.err = err
		}
	}()
	if e.root.Exists() && e.req.Interaction != fhir.Patch {
		r, err := fhir.NewResource(e.root)
		if err != nil {
			e.err = err
			return
		}
		e.req.Resource = r
	}
	resp, err := x.Handler.Serve(ctx, e.req)
	if err != nil {
		e.err = e.failed(err)
		return
	}
	e.resp = resp
}

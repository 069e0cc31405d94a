package audit

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// Middleware enters one event for every request that touches patient data, however it goes; what a request writes has its event in the same
// commit (see Store). It belongs around whatever refuses requests, so that the refusal is entered as well.
//
// A batch has an event for each of its entries, a transaction one for what it writes and one for each entry that reads.
func (t *Trail) Middleware(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Interaction == fhir.Capabilities {
			return next.Serve(ctx, req)
		}
		if req.Tx != nil {
			return t.within(ctx, req, next)
		}
		r := &request{Request: req, who: smart.From(ctx)}
		ctx = withRequest(ctx, r)
		if !t.audits(r.who) {
			return t.carryOut(ctx, req, next)
		}
		if err := t.queue.ready(); err != nil {
			return nil, err
		}
		resp, err := t.carryOut(ctx, req, next)
		for _, e := range t.tell(r, resp, err) {
			if missed := t.Record(context.WithoutCancel(ctx), e); missed != nil {
				return nil, missed
			}
		}
		return resp, err
	})
}

// carryOut refuses what nobody may do, and has the rest done.
func (t *Trail) carryOut(ctx context.Context, req *fhir.Request, next fhir.Handler) (resp *fhir.Response, err error) {
	defer func() { // what ends in a panic has an event too
		if failed := fhir.Recovered(recover()); failed != nil {
			err = failed
		}
	}()
	if t.lets(smart.From(ctx)) {
		if req.Type == auditEvent && writes(req.Interaction) {
			return nil, immutable()
		}
		if req.Type == auditEvent || req.Interaction == fhir.SearchSystem { // whoever looks at the trail sees all of it
			if err := t.Flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := t.checkProvenance(req); err != nil {
		return nil, err
	}
	return next.Serve(ctx, req)
}

// within notes what an entry of a transaction reads: it is told when the transaction has come to its end.
func (t *Trail) within(ctx context.Context, req *fhir.Request, next fhir.Handler) (*fhir.Response, error) {
	if req.Type == auditEvent && writes(req.Interaction) {
		return nil, immutable()
	}
	resp, err := next.Serve(ctx, req)
	whole := requestOf(ctx)
	if err != nil || whole == nil || writes(req.Interaction) || !t.audits(whole.who) {
		return resp, err
	}
	part := &request{Request: req, who: whole.who, seen: whole.seen}
	if e := t.success(part, resp); e != nil {
		whole.read(e)
	}
	return resp, nil
}

func writes(i fhir.Interaction) bool {
	switch i {
	case fhir.Create, fhir.Update, fhir.Patch, fhir.Delete:
		return true
	}
	return false
}

// immutable is the answer to whoever wants to write an AuditEvent.
func immutable() error {
	o := fhir.NewOutcome(fhir.NotSupported, "AuditEvents are written by the server alone; they can be read and searched")
	o.Refinement, o.Allow = fhir.MethodNotAllowed, []string{"GET", "HEAD", "OPTIONS"}
	return o
}

// tell gives the events for how a request went.
func (t *Trail) tell(r *request, resp *fhir.Response, err error) []*Event {
	switch {
	case err != nil:
		if e := t.failure(r, err); e != nil {
			return []*Event{e}
		}
		return nil
	case r.Interaction == fhir.Batch: // its entries have theirs
		return nil
	}
	e := t.success(r, resp)
	if r.written {
		e = r.beyond(e)
	} else if len(r.reads) > 0 {
		e = nil // a transaction that did nothing else
	}
	if e == nil {
		return r.reads
	}
	return append(r.reads, e)
}

// beyond is what a request that has written has let out of other records than those it has written in: nil for nothing.
func (r *request) beyond(e *Event) *Event {
	if e == nil {
		return nil
	}
	var rest []string
	for _, id := range e.Patients {
		if !r.covered.Has(id) {
			rest = append(rest, id)
		}
	}
	if rest == nil {
		return nil
	}
	e.Patients, e.What = rest, nil
	return e
}

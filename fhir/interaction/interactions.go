package interaction

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// Interactions are the RESTful interactions over one store. All fields are required unless they say otherwise.
type Interactions struct {
	Store  fhir.Store
	Spec   *r4.Spec
	Gate   *gate.Gate
	Params *search.Params
	Seal   *search.Sealer // seals the positions of pages
	NewID  func() string  // logical ids of resources that are created

	Now func() time.Time // nil = time.Now

	// Parse reads the method and URL of a Bundle entry, relative to the base, into a request.
	Parse func(method, url, base string) (*fhir.Request, error)
	// Handler is the whole pipeline: entries of a batch or transaction go through it one by one.
	Handler fhir.Handler
	// Capabilities gives the CapabilityStatement for a mode.
	Capabilities func(base, mode string) (*fhir.Resource, error)

	// Internal gives the context of what the server looks up for its own sake, such as the codes of a value set; nil = that of
	// the request.
	Internal func(context.Context) context.Context

	// Rehearse carries out fn so that nothing of what it does to the store stays; nil = operations have no dry run.
	Rehearse func(ctx context.Context, fn func(context.Context) error) error

	// Join makes one update of everything that fn does to the store with the context that it is given; nil = operations that change something
	// cannot be part of a transaction.
	Join func(ctx context.Context, fn func(context.Context) error) error
	// Account has then told, within each update of what fn does, what that has written; nil = operations have no Provenance.
	Account func(ctx context.Context, fn func(context.Context) error, then func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error) error
	// Agents names who asks, for that Provenance; nil = nobody knows.
	Agents func(context.Context) []Agent

	// MaxEntries bounds the entries of a batch or transaction; 0 = 5,000.
	MaxEntries int
	// MaxIncluded bounds the resources that one page of a search includes beside its matches; 0 = DefaultMaxIncluded.
	MaxIncluded int
	// SingleDelete makes a conditional delete with several matches fail instead of deleting them all.
	SingleDelete bool

	registry *fhir.Registry
	details  *fhir.Resource // the code system of fhir.Issue.Detail
	terms    terminology.Cache
}

// Register enters the interactions.
func (x *Interactions) Register(r *fhir.Registry) error {
	r.Handle(fhir.Read, x.read)
	r.Handle(fhir.VRead, x.vread)
	r.Handle(fhir.Update, x.update)
	r.Handle(fhir.Patch, x.patch)
	r.Handle(fhir.Delete, x.delete)
	r.Handle(fhir.HistoryInstance, x.history)
	r.Handle(fhir.HistoryType, x.history)
	r.Handle(fhir.HistorySystem, x.history)
	r.Handle(fhir.Create, x.create)
	r.Handle(fhir.SearchType, x.search)
	r.Handle(fhir.SearchSystem, x.search)
	r.Handle(fhir.Capabilities, x.capabilities)
	r.Handle(fhir.Batch, x.batch)
	r.Handle(fhir.Transaction, x.transaction)
	return x.operations(r)
}

// Known is middleware that refuses resource types that R4 does not have.
func (x *Interactions) Known(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Type != "" && !x.Spec.IsResource(req.Type) {
			return nil, fhir.NewOutcome(fhir.NotFound, "the URL names a resource type that FHIR R4 does not have")
		}
		return next.Serve(ctx, req)
	})
}

// Check is middleware: the write gate. It also sees to it that the body is of the type that the URL names.
func (x *Interactions) Check(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Faults != nil && !x.unchecked(req) {
			return nil, x.withFindings(req)
		}
		switch req.Interaction {
		case fhir.Create, fhir.Update:
			if err := x.checkBody(req); err != nil {
				return nil, err
			}
		}
		return next.Serve(ctx, req)
	})
}

// unchecked reports whether a request is for an operation that is asked what is wrong with its input.
func (x *Interactions) unchecked(req *fhir.Request) bool {
	if req.Interaction != fhir.Operation || x.registry == nil {
		return false
	}
	d, _, err := x.registry.FindOperation(req)
	return err == nil && d.Unchecked
}

// withFindings adds to the faults of intake what the gate has to say of the same text.
func (x *Interactions) withFindings(req *fhir.Request) error {
	all := *req.Faults
	if found := x.Gate.Check(req.Resource.Root()); found != nil {
		all.Issues = append(all.Issues[:len(all.Issues):len(all.Issues)], found.Issues...)
	}
	return &all
}

func (x *Interactions) checkBody(req *fhir.Request) error {
	if req.Checked {
		return nil
	}
	if req.Resource == nil {
		return fhir.NewOutcome(fhir.Required, "the request needs a resource as its body")
	}
	if req.Resource.Type() != req.Type {
		return fhir.NewOutcome(fhir.Invalid, "the resource is not of the type that the URL names", req.Type+".resourceType")
	}
	if o := x.Gate.Check(req.Resource.Root()); o != nil {
		return o
	}
	req.Checked = true
	return nil
}

// now is the time by Now.
func (x *Interactions) now() time.Time {
	if x.Now == nil {
		return time.Now()
	}
	return x.Now()
}

// view runs fn within the request's transaction, or on a snapshot of its own.
func (x *Interactions) view(ctx context.Context, req *fhir.Request, fn func(fhir.Tx) error) error {
	if req.Tx != nil {
		return fn(req.Tx)
	}
	return x.Store.View(ctx, fn)
}

// change runs fn within the request's transaction (which has taken its guards), or in one of its own.
func (x *Interactions) change(ctx context.Context, req *fhir.Request, fn func(fhir.Tx) error) error {
	if req.Tx != nil {
		return fn(req.Tx)
	}
	var guards []string
	if req.Condition != nil {
		guard, err := x.guard(req)
		if err != nil {
			return err
		}
		guards = []string{guard}
	}
	return x.Store.Update(ctx, guards, fn)
}

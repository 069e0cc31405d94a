package audit

import (
	"context"
	"sync"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/compartment"
)

// request is what is known of a request while it is carried out: the middleware begins it, the store that it reads and writes through adds
// to it.
type request struct {
	*fhir.Request
	who *smart.Principal

	mu      sync.Mutex
	seen    []*fhir.Resource // that were read, whole: answers may be cut
	reads   []*Event         // of the entries of a transaction that read
	written bool             // an event was committed with what the request has written
	covered compartment.IDs  // and these are its patients
}

type requestKey struct{}

func withRequest(ctx context.Context, r *request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// requestOf is the request that ctx belongs to; nil for what the server does by itself.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// saw notes what was read.
func (r *request) saw(found ...*fhir.Resource) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, found...)
}

// began says that an update runs, perhaps again: what its last run has read counts no more.
func (r *request) began() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads = nil
}

// read notes what an entry of a transaction has read.
func (r *request) read(e *Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads = append(r.reads, e)
}

// wrote says that an event was committed.
func (r *request) wrote(e *Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written = true
	for _, id := range e.Patients {
		r.covered.Add(id)
	}
}

// whole gives resources as they were read, before something was left out of them.
func (r *request) whole() func(*fhir.Resource) *fhir.Resource {
	if r.Params.Get("_elements") == "" && r.Params.Get("_summary") == "" {
		return func(one *fhir.Resource) *fhir.Resource { return one }
	}
	known := make(map[string]*fhir.Resource, len(r.seen))
	for _, one := range r.seen {
		known[versioned(one)] = one
	}
	return func(one *fhir.Resource) *fhir.Resource {
		if before := known[versioned(one)]; before != nil {
			return before
		}
		return one
	}
}

// versioned is the reference to a version of a resource: "Patient/1/_history/2".
func versioned(r *fhir.Resource) string { return versionedReference(r.Type(), r.ID(), r.VersionID()) }

func versionedReference(typ, id, version string) string {
	if version == "" {
		return typ + "/" + id
	}
	return typ + "/" + id + "/_history/" + version
}

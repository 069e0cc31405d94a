package event

import (
	"context"
	"sync"

	"andiron.dev/fhir"
)

// recent are the batches that were read last: a hundred subscriptions that lag behind by as much read the same ones. nil remembers nothing.
// It is safe for concurrent use.
type recent struct {
	mu    sync.Mutex
	found map[string][]happened
	order []string // keys, the oldest first
}

const mostRecent = 32 // batches

// batch reads a batch; ok is false where there is none. It must not be changed.
func (r *recent) batch(ctx context.Context, in fhir.RecordReader, key string) (list []happened, ok bool, err error) {
	if r == nil {
		ok, err = fetch(ctx, in, batchRecord, key, &list)
		return list, ok, err
	}
	r.mu.Lock()
	list, ok = r.found[key]
	r.mu.Unlock()
	if ok {
		return list, true, nil
	}
	if ok, err = fetch(ctx, in, batchRecord, key, &list); ok && err == nil {
		r.add(key, list)
	}
	return list, ok, err
}

func (r *recent) add(key string, list []happened) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil {
		r.found = make(map[string][]happened, mostRecent)
	}
	if _, ok := r.found[key]; ok {
		return
	}
	if len(r.order) == mostRecent {
		delete(r.found, r.order[0])
		r.order = append(r.order[:0], r.order[1:]...)
	}
	r.found[key], r.order = list, append(r.order, key)
}

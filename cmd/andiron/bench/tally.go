package bench

import (
	"sync"
	"time"

	"andiron.dev/cmd/andiron/bench/answer"
	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// Latencies are kept in nanoseconds to three digits between these two; what is longer counts as the longest.
	shortest = int64(time.Microsecond)
	longest  = int64(10 * time.Minute)
	digits   = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

func recordLatency(h *hdrhistogram.Histogram, latency time.Duration) {
	// The only error is a value out of range, and it is kept in range.
	_ = h.RecordValue(min(max(int64(latency), shortest), longest))
}

// tally counts the requests of one kind. All virtual users share it: its lock is held for tens of nanoseconds, while a
// histogram for each user and kind would take hundreds of megabytes.
type tally struct {
	kind string

	mu        sync.Mutex
	latency   *hdrhistogram.Histogram
	requests  int64
	succeeded int64 // answered with 2xx
	received  int64 // bytes
	checked   int64 // in full
	entries   int64 // in the Bundles that were checked in full
	bundles   int64 // that were checked in full
	errors    faults
	wrong     faults
}

func newTally(kind string) *tally {
	return &tally{kind: kind, latency: newHistogram(), errors: faults{}, wrong: faults{}}
}

// faults counts failures by reason and keeps the first of each as an example.
type faults map[string]*fault

type fault struct {
	count   int64
	example string
}

func (f faults) add(reason, example string) {
	known := f[reason]
	if known == nil {
		known = &fault{example: example}
		f[reason] = known
	}
	known.count++
}

func (f faults) total() (n int64) {
	for _, known := range f {
		n += known.count
	}
	return n
}

// success counts an answer of the status that was expected.
func (t *tally) success(latency time.Duration, status, received int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.received += int64(received)
	if status/100 == 2 {
		t.succeeded++
	}
	recordLatency(t.latency, latency)
}

// failure counts a request that was not answered, or refused.
func (t *tally) failure(reason, example string, received int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.received += int64(received)
	t.errors.add(reason, example)
}

// disproved counts a wrong answer, which has been counted as a success before.
func (t *tally) disproved(w *answer.Wrong, request string) {
	example := request
	if w.Detail != "" {
		example += ": " + w.Detail
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong.add(w.Reason, example)
}

// inFull counts an answer that was checked in full, and the entries of its Bundle; -1: it is none.
func (t *tally) inFull(entries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.checked++
	if entries >= 0 {
		t.bundles++
		t.entries += int64(entries)
	}
}

package bench

import (
	"slices"
	"strings"
	"time"
)

// figures gives what a tally counted.
func (t *tally) figures(elapsed time.Duration) Figures {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := Figures{Kind: t.kind, Requests: t.requests, Succeeded: t.succeeded, Errors: t.errors.total(), Wrong: t.wrong.total(),
		Checked: t.checked, RequestsPerSecond: perSecond(t.requests, elapsed), SucceededPerSecond: perSecond(t.succeeded, elapsed),
		BytesReceived: t.received, Latency: latencyOf(t.latency), ErrorKinds: t.errors.sorted(), WrongKinds: t.wrong.sorted()}
	if t.bundles > 0 {
		mean := round(float64(t.entries) / float64(t.bundles))
		f.EntriesPerBundle = &mean
	}
	return f
}

// merge adds another kind to a tally of all kinds. The reasons are told apart by the kind.
func (t *tally) merge(other *tally) {
	other.mu.Lock()
	defer other.mu.Unlock()
	t.latency.Merge(other.latency)
	t.requests += other.requests
	t.succeeded += other.succeeded
	t.received += other.received
	t.checked += other.checked
	for reason, f := range other.errors {
		t.errors[other.kind+": "+reason] = f
	}
	for reason, f := range other.wrong {
		t.wrong[other.kind+": "+reason] = f
	}
}

// sorted gives the faults by reason.
func (f faults) sorted() []Fault {
	all := make([]Fault, 0, len(f))
	for reason, known := range f {
		all = append(all, Fault{reason, known.count, known.example})
	}
	slices.SortFunc(all, func(a, b Fault) int { return strings.Compare(a.Reason, b.Reason) })
	return all
}

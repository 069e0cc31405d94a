package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"andiron.dev/cmd/andiron/bench/answer"
)

// load sends every Bundle of a folder once. Those of hospitals and practitioners, which stand before patients in Synthea's
// output, are answered before the first of a patient is sent.
type load struct {
	dir     string
	most    int64 // Bundles to send; 0: all
	bundles []*loadBundle
	before  map[string]int // resources of each type that the server had; a type is missing when the server does not count
	tally   *tally

	next   atomic.Int64
	firsts sync.WaitGroup // Bundles that go first and are not answered yet

	mu      sync.Mutex
	created map[string]int // by type, in transactions that were answered rightly
	entries int64          // answered with 201
}

func newLoad(dir string, most int64) *load {
	return &load{dir: dir, most: most, before: map[string]int{}, created: map[string]int{}, tally: newTally("POST transaction")}
}

func (l *load) tallies() []*tally { return []*tally{l.tally} }

// prepare reads all files, so that neither disk nor decompression is part of what is measured.
func (l *load) prepare(ctx context.Context, h *harvester) (err error) {
	if l.bundles, err = readBundles(ctx, l.dir); err != nil {
		return err
	}
	if l.most > 0 && int64(len(l.bundles)) > l.most {
		l.bundles = l.bundles[:l.most]
	}
	for _, b := range l.bundles {
		if b.first {
			l.firsts.Add(1)
		}
	}
	for _, typ := range l.types() {
		if n, ok := h.count(typ); ok {
			l.before[typ] = n
		}
	}
	return ctx.Err()
}

// types are those of the resources to create, sorted.
func (l *load) types() []string {
	var all []string
	for _, b := range l.bundles {
		all = append(all, b.types...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(typ string) bool { return typ == "" })
}

func (l *load) session(*rand.Rand, string) session { return l }

func (l *load) iterate(u *user) bool {
	n := l.next.Add(1) - 1
	if n >= int64(len(l.bundles)) {
		return false
	}
	b := l.bundles[n]
	if b.first {
		defer l.firsts.Done()
	} else {
		l.firsts.Wait() // those that go first have smaller numbers: each has been taken by a user
	}
	resp := u.send(l.tally, "POST", nil, b.body, 200)
	if resp == nil {
		return true
	}
	text := u.text(resp)
	created := answer.Count(text, `"status"`, "201")
	if u.sampled() || created != b.creates {
		entries, wrong := answer.Created(text, b.types, nil)
		l.tally.inFull(entries)
		if wrong != nil {
			wrong.Detail = b.file + ": " + wrong.Detail
			u.wrong(l.tally, wrong)
			return true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries += int64(created)
	for _, typ := range b.types {
		l.created[typ]++
	}
	return true
}

// verify compares how many resources of each type the server has more than before with how many it said it created. It gives
// the types that could not be compared.
func (l *load) verify(h *harvester) (unknown []string) {
	for _, typ := range l.types() {
		before, ok := l.before[typ]
		after, counted := h.count(typ)
		switch {
		case !ok || !counted:
			unknown = append(unknown, typ)
		case after-before < l.created[typ]:
			l.tally.disproved(&answer.Wrong{Reason: "the server has fewer resources than it said it created",
				Detail: fmt.Sprintf("%d more, not %d", after-before, l.created[typ])}, "GET "+typ+"?_summary=count")
		}
	}
	return unknown
}

package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/audit"
)

// failing is a journal that fails while it is told to. Its entries are those of a real one.
type failing struct {
	fhir.Journal
	fails atomic.Bool
	calls atomic.Int64
}

func (f *failing) Append(ctx context.Context, entries ...*fhir.JournalEntry) error {
	f.calls.Add(1)
	if f.fails.Load() {
		return errors.New("the disk is full")
	}
	return f.Journal.Append(ctx, entries...)
}

func openFailing(t *testing.T, configure ...func(*audit.Config)) (*hospital, *failing) {
	t.Helper()
	f := &failing{}
	h := open(t, append(configure, func(c *audit.Config) {
		f.Journal = c.Store
		c.Store = f
	})...)
	h.ward()
	return h, f
}

// TestLateness: reads share commits, and their events are there within 200 ms.
func TestLateness(t *testing.T) {
	h, f := openFailing(t)
	before := f.calls.Load()
	for range 50 {
		h.must("GET", "/Patient/a", "")
	}
	time.Sleep(200 * time.Millisecond)
	entries, err := h.inner.Entries(t.Context(), fhir.JournalQuery{Max: 100})
	if err != nil || len(entries) != 51 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if n := f.calls.Load() - before; n > 5 {
		t.Errorf("%d commits for 50 reads", n)
	}
}

// TestUnwritable: as long as the journal cannot be written nothing is let out, and nothing that was is lost.
func TestUnwritable(t *testing.T) {
	h, f := openFailing(t)
	f.fails.Store(true)
	h.must("GET", "/Patient/a", "") // nobody knows yet
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		a := h.do("GET", "/Patient/b", "")
		if fhir.CodeOf(a.err) == fhir.Transient {
			if fhir.AsOutcome(a.err).RetryAfter == 0 {
				t.Error("it does not say when to come back")
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("reads go on: %v", a.err)
		}
	}
	if err := h.trail.Flush(t.Context()); fhir.CodeOf(err) != fhir.Transient {
		t.Errorf("flush: %v", err)
	}
	f.fails.Store(false)
	for deadline := time.Now().Add(5 * time.Second); h.do("GET", "/Patient/b", "").err != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not recover")
		}
	}
	if got := h.events(1); len(got) < 2 || line(got[0]) != "read 0 [Patient/a/_history/1] [a]" {
		t.Errorf("%d events", len(got))
	}
}

// TestWriteUnwritable: a write whose event cannot be entered fails.
func TestWriteUnwritable(t *testing.T) {
	chosen.Folder(t)
	h := open(t)
	h.ward()
	h.tamper("ALTER TABLE journal RENAME TO elsewhere")
	a := h.do("PUT", "/Patient/new", `{"resourceType":"Patient","id":"new"}`)
	if a.err == nil {
		t.Error("the write went well")
	}
	h.tamper("ALTER TABLE elsewhere RENAME TO journal")
	if _, err := h.read("Patient", "new"); fhir.CodeOf(err) != fhir.NotFound {
		t.Errorf("it was written all the same: %v", err)
	}
}

// TestStrict: with Strict the event of a read is durable before the answer.
func TestStrict(t *testing.T) {
	h, f := openFailing(t, func(c *audit.Config) { c.Strict = true })
	h.must("GET", "/Patient/a", "")
	entries, err := h.inner.Entries(t.Context(), fhir.JournalQuery{})
	if err != nil || len(entries) != 2 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	f.fails.Store(true)
	if a := h.do("GET", "/Patient/a", ""); fhir.CodeOf(a.err) != fhir.Transient {
		t.Error(a.err)
	}
	f.fails.Store(false)
}

// TestClose: what waits is written when the trail ends, and nothing is accepted afterwards.
func TestClose(t *testing.T) {
	h, _ := openFailing(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				h.must("GET", "/Patient/a", "")
			}
		})
	}
	wg.Wait()
	if err := errors.Join(h.trail.Close(), h.trail.Close()); err != nil {
		t.Error(err)
	}
	entries, err := h.inner.Entries(t.Context(), fhir.JournalQuery{Max: 1000})
	if err != nil || len(entries) != 401 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if a := h.do("GET", "/Patient/a", ""); fhir.CodeOf(a.err) != fhir.Transient {
		t.Error(a.err)
	}
}

// TestBackPressure: where events come faster than they are written, requests wait, and none is lost.
func TestBackPressure(t *testing.T) {
	h := open(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for k := range 600 {
				if err := h.trail.Record(t.Context(), &audit.Event{Kind: audit.Rest, Subtype: "read", What: []string{fmt.Sprintf("Patient/%d-%d", i, k)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := make(map[string]bool)
	for _, e := range h.events(0) {
		seen[e.What[0]] = true
	}
	if len(seen) != 9600 {
		t.Errorf("%d events of 9600", len(seen))
	}
}

package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// testCancel calls the store with contexts that have ended: nothing is run, and nothing written.
func testCancel(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	run := func(fhir.Tx) error { ran = true; return nil }
	wantCode(t, "View", st.View(ended, run), fhir.Timeout)
	wantCode(t, "Update", st.Update(ended, nil, run), fhir.Timeout)
	wantCode(t, "Update with a guard", st.Update(ended, []string{"g"}, run), fhir.Timeout)
	_, err := st.Events(ended, 0, 10)
	wantCode(t, "Events", err, fhir.Timeout)
	if ran {
		t.Error("fn was run for a request that had been given up")
	}
	err = st.View(t.Context(), func(tx fhir.Tx) error {
		_, err := tx.Search(ended, s.parse(t, "Patient?"))
		return err
	})
	wantCode(t, "Search", err, fhir.Timeout)
	// Whoever gives up gives everything back.
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		err := st.View(ctx, func(tx fhir.Tx) error {
			cancel()
			_, err := tx.Search(ctx, s.parse(t, "Patient?family=one"))
			return err
		})
		wantCode(t, "a search that is given up", err, fhir.Timeout)
	}
	wantIDs(t, "afterwards", st.search("Patient?family=one"), "1")
	st.put(patient(t, "2", "Two"))
}

// testCancelSearch gives up a search that takes long.
func testCancelSearch(t *testing.T, s *suite) {
	st := s.open(t)
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		for i := range 400 {
			if _, err := tx.Put(ctx, benchPatient(t, i)); err != nil {
				return err
			}
		}
		return nil
	})
	q := s.parse(t, "Patient?name:contains=i,e,a,o,n,m&address:contains=a,e,i,t,s&_sort=-name,family,given,-address&_total=accurate&_count=1000")
	for _, patience := range []time.Duration{time.Microsecond, 100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := st.View(ctx, func(tx fhir.Tx) error {
			_, err := tx.Search(ctx, q)
			return err
		})
		cancel()
		if err != nil {
			wantCode(t, "a search that is given up", err, fhir.Timeout)
		}
	}
	if got := st.searchQuery(q); len(got) != 400 {
		t.Errorf("afterwards %d patients are found", len(got))
	}
}

// testClose closes a store while it is in use.
func testClose(t *testing.T, s *suite) {
	place := t.TempDir()
	clock := NewClock(noon())
	st := s.openAt(t, place, clock)
	st.put(patient(t, "0", "Zero"))
	ctx := t.Context()
	inside, release := make(chan struct{}, 2), make(chan struct{})
	results := make(chan error, 2)
	go func() {
		entered := false
		results <- st.Update(ctx, []string{"g"}, func(tx fhir.Tx) error {
			if !entered {
				entered = true
				inside <- struct{}{}
				<-release
			}
			_, err := tx.Put(ctx, patient(t, "1", "Running"))
			return err
		})
	}()
	go func() {
		results <- st.View(ctx, func(tx fhir.Tx) error {
			inside <- struct{}{}
			<-release
			_, err := tx.Read(ctx, "Patient", "0")
			return err
		})
	}()
	<-inside
	<-inside
	closed := make(chan error, 2)
	for range cap(closed) {
		go func() { closed <- st.Close() }()
	}
	select {
	case <-closed:
		t.Error("Close did not wait for what was running")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("what was running when Close was called: %v", err)
		}
	}
	for range cap(closed) {
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	wantClosed(t, st)
	st = s.openAt(t, place, clock)
	wantSet(t, "reopened", st.search("Patient?"), "0", "1")
	st.check()
}

func wantClosed(t *testing.T, st *store) {
	t.Helper()
	fn := func(fhir.Tx) error { t.Error("fn ran on a closed store"); return nil }
	wantCode(t, "View after Close", st.View(t.Context(), fn), fhir.Transient)
	wantCode(t, "Update after Close", st.Update(t.Context(), nil, fn), fhir.Transient)
	wantCode(t, "Update with a guard after Close", st.Update(t.Context(), []string{"g"}, fn), fhir.Transient)
	_, err := st.Events(t.Context(), 0, 1)
	wantCode(t, "Events after Close", err, fhir.Transient)
	if err := st.Close(); err != nil {
		t.Errorf("closing a second time: %v", err)
	}
}

// testCloseUnderLoad closes a store in the middle of many updates: each either failed cleanly or is there afterwards.
func testCloseUnderLoad(t *testing.T, s *suite) {
	place := t.TempDir()
	st := s.openAt(t, place, NewClock(noon()))
	var mu sync.Mutex
	var written []string
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := string(rune('a'+w)) + "-" + time.Duration(i).String()
				err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
					_, err := tx.Put(t.Context(), patient(t, id, "Load"))
					return err
				})
				if err != nil {
					if fhir.CodeOf(err) != fhir.Transient {
						t.Errorf("an update failed with %v", err)
					}
					return
				}
				mu.Lock()
				written = append(written, id)
				mu.Unlock()
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	st = s.openAt(t, place, st.clock)
	wantSet(t, "what was acknowledged", st.search("Patient?"), written...)
	st.check()
}

// testErrors checks that an error of the store is an Outcome that says nothing about the engine.
func testErrors(t *testing.T, s *suite) {
	st := s.open(t)
	_, notFound := st.read("Patient/1")
	notLink := st.View(t.Context(), func(tx fhir.Tx) error {
		q := s.parse(t, "Patient?_sort=name")
		q.After = "no position"
		_, err := tx.Search(t.Context(), q)
		return err
	})
	wantCode(t, "a broken page link", notLink, fhir.Invalid)
	foreign := st.View(t.Context(), func(tx fhir.Tx) error {
		_, err := tx.Search(t.Context(), foreignQuery{})
		return err
	})
	wantCode(t, "a query that is none of package search", foreign, fhir.NotSupported)
	for _, err := range []error{notFound, notLink, foreign} {
		var o *fhir.Outcome
		if !errors.As(err, &o) {
			t.Errorf("%v is not an Outcome", err)
		}
	}
}

type foreignQuery struct{}

func (foreignQuery) ResourceType() string { return "Patient" }
func (foreignQuery) String() string       { return "Patient?" }

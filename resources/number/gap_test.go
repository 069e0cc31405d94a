package number_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/resources/number"
	"andiron.dev/search"
)

func openStore(t *testing.T, dir string) chosen.Store {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	store := chosen.Open(t, sqlite.Options{Dir: dir, Params: search.NewParams(spec, nil), Unsafe: true})
	return store
}

// take takes n numbers of a sequence in one update, which fails with failed, and returns the last.
func take(t *testing.T, store fhir.Store, sequence string, n int, failed error) (last int64) {
	t.Helper()
	ctx := context.Background()
	err := store.Update(ctx, []string{number.Guard(sequence)}, func(tx fhir.Tx) (err error) {
		last = 0
		for range n {
			before := last
			if last, err = number.Next(ctx, tx, sequence); err != nil {
				return err
			}
			if before != 0 && last != before+1 {
				t.Errorf("%d comes after %d", last, before)
			}
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	return last
}

// TestNoGaps: what is taken back, rehearsed or refused leaves no gap; sequences do not know of each other; and a store that is opened again goes on.
func TestNoGaps(t *testing.T) {
	dir, no := t.TempDir(), errors.New("no")
	a, b := number.Invoices("o1", 2026).Name, number.Invoices("o1", 2027).Name
	store := openStore(t, dir)
	kept := rules.New(store, nil)
	for i, step := range []struct {
		sequence string
		n        int
		failed   error
		want     int64
	}{{a, 1, nil, 1}, {a, 3, no, 4}, {a, 3, nil, 4}, {b, 1, nil, 1}, {a, 1, no, 5}, {a, 1, nil, 5}} {
		if got := take(t, kept.Store(), step.sequence, step.n, step.failed); got != step.want {
			t.Errorf("step %d: %d, want %d", i, got, step.want)
		}
	}
	err := kept.Rehearse(t.Context(), func(ctx context.Context) error {
		return kept.Store().Update(ctx, nil, func(tx fhir.Tx) error {
			n, err := number.Next(ctx, tx, a)
			if n != 6 {
				t.Errorf("a rehearsal is told %d", n)
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = openStore(t, dir)
	defer store.Close()
	if got := take(t, store, a, 1, nil); got != 6 {
		t.Errorf("a store that is opened again goes on with %d", got)
	}
}

// TestNoGapsBetweenProcesses: two that have the same store open, as two processes have, give out each number once.
func TestNoGapsBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	stores := []chosen.Store{openStore(t, dir), openStore(t, dir)}
	var mu sync.Mutex
	var wg sync.WaitGroup
	given := make(map[int64]int)
	for i := range 40 {
		wg.Go(func() {
			var got int64
			err := stores[i%2].Update(context.Background(), nil, func(tx fhir.Tx) (err error) {
				got, err = number.Next(context.Background(), tx, "x")
				return err
			})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			given[got]++
		})
	}
	wg.Wait()
	for n := range int64(40) {
		if given[n+1] != 1 {
			t.Errorf("the number %d was given %d times", n+1, given[n+1])
		}
	}
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

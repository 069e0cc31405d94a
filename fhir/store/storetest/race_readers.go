package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"andiron.dev/fhir"
)

// raceReaders keeps two resources equal while readers compare them.
func raceReaders(t *testing.T, s *suite, stores []*store) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	write := func(st fhir.Store, n int) error {
		return st.Update(t.Context(), []string{"pair"}, func(tx fhir.Tx) error {
			for _, id := range []string{"left", "right"} {
				if _, err := tx.Put(t.Context(), patient(t, id, fmt.Sprint("Value", n), fmt.Sprintf(`"identifier":[{"value":"v%d"}]`, n))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(stores[0].Store, 0); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for i := range 6 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := comparePair(t.Context(), t, s, stores[i%len(stores)].Store); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var tail sync.WaitGroup
	tail.Go(func() { followEvents(ctx, t, stores[len(stores)-1].Store) })
	race(t, 8, stores, func(i int, st fhir.Store) error {
		for n := range 8 {
			if err := write(st, i*1000+n); err != nil {
				return err
			}
		}
		return nil
	})
	stop()
	readers.Wait()
	tail.Wait()
	stores[0].check()
}

// comparePair reads, in one View, two resources that are always written together.
func comparePair(ctx context.Context, t *testing.T, s *suite, st fhir.Store) error {
	return st.View(ctx, func(tx fhir.Tx) error {
		left, err := tx.Read(ctx, "Patient", "left")
		if err != nil {
			return err
		}
		value := left.Root().Get("identifier").First().Get("value").Text()
		page, err := tx.Search(ctx, s.parse(t, "Patient?identifier="+value))
		if err != nil {
			return err
		}
		right, err := tx.Read(ctx, "Patient", "right")
		if err != nil {
			return err
		}
		if right.VersionID() != left.VersionID() || right.Root().Get("identifier").First().Get("value").Text() != value || len(page.Resources) != 2 {
			return fmt.Errorf("a View sees left in version %s, right in version %s, and %d with the value of left", left.VersionID(), right.VersionID(), len(page.Resources))
		}
		return nil
	})
}

// followEvents reads the outbox while it grows: no event may turn up late.
func followEvents(ctx context.Context, t *testing.T, st fhir.Store) {
	last := fhir.Seq(0)
	for ctx.Err() == nil {
		events, err := st.Events(t.Context(), last, 7)
		if err != nil {
			t.Error(err)
			return
		}
		for _, e := range events {
			if e.Seq != last+1 {
				t.Errorf("event %d follows on %d", e.Seq, last)
			}
			last = e.Seq
		}
	}
}

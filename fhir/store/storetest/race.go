package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"andiron.dev/fhir"
)

// racers is how many goroutines race.
const racers = 60

// race runs fn on n goroutines that start together; half of them use one store, half the other.
func race(t *testing.T, n int, stores []*store, fn func(i int, st fhir.Store) error) {
	t.Helper()
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			if err := fn(i, stores[i%len(stores)].Store); err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
}

// onOneAndTwo runs a race on one store, and on two stores opened at the same place: what two processes are.
func onOneAndTwo(run func(t *testing.T, s *suite, stores []*store)) func(t *testing.T, s *suite) {
	return func(t *testing.T, s *suite) {
		t.Run("OneStore", func(t *testing.T) { run(t, s, []*store{s.open(t)}) })
		t.Run("TwoStores", func(t *testing.T) {
			st := s.open(t)
			run(t, s, []*store{st, st.again()})
		})
	}
}

// raceConditionalCreate has all racers create the same thing unless it exists.
func raceConditionalCreate(t *testing.T, s *suite, stores []*store) {
	ctx := t.Context()
	q := s.parse(t, "Patient?identifier=urn:mrn|1")
	for round := range 3 {
		var created, found atomic.Int64
		guard := fmt.Sprint("identifier=urn:mrn|1 round ", round)
		race(t, racers, stores, func(i int, st fhir.Store) error {
			r := patient(t, fmt.Sprintf("r%d-%d", round, i), "Racer", `"identifier":[{"system":"urn:mrn","value":"1"}]`)
			wrote := false
			err := st.Update(ctx, []string{guard, "other"}, func(tx fhir.Tx) error {
				wrote = false
				page, err := tx.Search(ctx, q)
				if err != nil || len(page.Resources) > 0 {
					return err
				}
				wrote = true
				_, err = tx.Put(ctx, r)
				return err
			})
			if wrote {
				created.Add(1)
			} else {
				found.Add(1)
			}
			return err
		})
		if created.Load() != 1 || found.Load() != racers-1 {
			t.Errorf("%d racers created it, %d found it", created.Load(), found.Load())
		}
		ids := stores[0].search("Patient?identifier=urn:mrn|1")
		if len(ids) != 1 {
			t.Fatalf("there are %d of it", len(ids))
		}
		stores[0].delete("Patient/" + ids[0])
	}
	stores[0].check()
}

// raceIfMatch has all racers replace the version that all of them have read: one may.
func raceIfMatch(t *testing.T, _ *suite, stores []*store) {
	ctx := t.Context()
	stores[0].put(patient(t, "1", "Start"))
	for round := range 5 {
		expected := strconv.Itoa(round + 1)
		var won atomic.Int64
		race(t, racers, stores, func(i int, st fhir.Store) error {
			err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				current, err := tx.Read(ctx, "Patient", "1")
				if err != nil {
					return err
				}
				if current.VersionID() != expected {
					return fhir.NewOutcome(fhir.Conflict, "If-Match does not hold")
				}
				_, err = tx.Put(ctx, patient(t, "1", fmt.Sprint("Racer", i)))
				return err
			})
			if err == nil {
				won.Add(1)
			} else if fhir.CodeOf(err) != fhir.Conflict {
				return err
			}
			return nil
		})
		if won.Load() != 1 {
			t.Errorf("%d racers replaced version %s", won.Load(), expected)
		}
	}
	if page := stores[0].history(fhir.HistoryQuery{Type: "Patient", ID: "1", Count: 100}); len(page.Events) != 6 {
		t.Errorf("%d versions", len(page.Events))
	}
	stores[0].check()
}

// raceCounter has all racers take numbers from a guard.
func raceCounter(t *testing.T, _ *suite, stores []*store) {
	const each = 4
	ctx := t.Context()
	race(t, racers, stores, func(_ int, st fhir.Store) error {
		for range each {
			if err := st.Update(ctx, []string{"counter"}, func(tx fhir.Tx) error {
				n, err := tx.GuardCount(ctx, "counter")
				if err != nil {
					return err
				}
				_, err = tx.Put(ctx, patient(t, fmt.Sprint("n", n), "Number"))
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	for n := range racers * each {
		if r, err := stores[0].read(fmt.Sprint("Patient/n", n)); err != nil || r.VersionID() != "1" {
			t.Errorf("number %d: %v, %v", n, r, err)
		}
	}
	stores[0].check()
}

// raceSameID has all racers write one resource, again and again: no version is lost, and none has the number of another.
func raceSameID(t *testing.T, _ *suite, stores []*store) {
	const each = 3
	ctx := t.Context()
	var mu sync.Mutex
	written := make(map[string]string) // family by version
	race(t, racers, stores, func(i int, st fhir.Store) error {
		for n := range each {
			family := fmt.Sprintf("R%dn%d", i, n)
			var v *fhir.Version
			if err := st.Update(ctx, nil, func(tx fhir.Tx) (err error) {
				v, err = tx.Put(ctx, patient(t, "1", family))
				return err
			}); err != nil {
				return err
			}
			mu.Lock()
			if other := written[v.VersionID]; other != "" {
				t.Errorf("version %s was given to %s and %s", v.VersionID, other, family)
			}
			written[v.VersionID] = family
			mu.Unlock()
		}
		return nil
	})
	for version, family := range written {
		r, err := stores[0].read("Patient/1/_history/" + version)
		if err != nil || r.Root().Get("name").First().Get("family").Text() != family {
			t.Errorf("version %s: %v, want %s", version, err, family)
		}
	}
	if len(written) != racers*each {
		t.Errorf("%d versions of %d", len(written), racers*each)
	}
	if found := stores[0].search("Patient?family=R"); len(found) != 1 {
		t.Errorf("found %v", found)
	}
	stores[0].check()
}

// raceFirstUse has racers create different things of one type, all of which share names that the store has never seen.
func raceFirstUse(t *testing.T, _ *suite, stores []*store) {
	ctx := t.Context()
	race(t, racers, stores, func(i int, st fhir.Store) error {
		for n := range 4 {
			r := resource(t, fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","status":"final","code":{"coding":[{"system":"urn:s%d","code":"x"}]},"subject":{"reference":"Patient/%d"}}`, i, n, n, i))
			if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				_, err := tx.Put(ctx, r)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	for n := range 4 {
		for _, st := range stores {
			if found := st.search(fmt.Sprintf("Observation?code=urn:s%d|x", n)); len(found) != racers {
				t.Errorf("system %d: found %d of %d", n, len(found), racers)
			}
		}
	}
	for _, st := range stores {
		if events := st.allEvents(37); len(events) != 4*racers {
			t.Errorf("%d events of %d", len(events), 4*racers)
		}
	}
	stores[0].check()
}

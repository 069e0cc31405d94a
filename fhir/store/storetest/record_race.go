package storetest

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"andiron.dev/fhir"
)

// recordRacers is how many goroutines race for records.
const recordRacers = 100

// raceCode has all racers use a code that may be used once; a good part of them through a transaction that sees its own writes.
func raceCode(t *testing.T, s *suite, stores []*store) {
	ctx := t.Context()
	for round := range 4 {
		code := fmt.Sprint("code-", round)
		stores[0].keep(&fhir.Record{Kind: "code", Key: code, Owner: "grant", Value: []byte("unused")})
		var won, lost atomic.Int64
		race(t, recordRacers, stores, func(i int, st fhir.Store) error {
			err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				r, err := tx.Record(ctx, "code", code)
				if err != nil {
					return err
				}
				if string(r.Value) != "unused" {
					return fhir.NewOutcome(fhir.Conflict, "it has been used")
				}
				if round == 3 { // used up
					if err := tx.Drop(ctx, "code", code); err != nil {
						return err
					}
				} else if err := tx.Keep(ctx, &fhir.Record{Kind: "code", Key: code, Owner: "grant", Value: fmt.Append(nil, "used by ", i)}); err != nil {
					return err
				}
				if err := tx.Append(ctx, entry(fmt.Sprint(code, " used by ", i), code)); err != nil {
					return err
				}
				return tx.Keep(ctx, &fhir.Record{Kind: "token", Key: fmt.Sprintf("%s-%d", code, i), Owner: code})
			})
			switch fhir.CodeOf(err) {
			case "":
				won.Add(1)
			case fhir.Conflict, fhir.NotFound:
				lost.Add(1)
				err = nil
			}
			return err
		})
		if won.Load() != 1 || lost.Load() != recordRacers-1 {
			t.Errorf("%d racers used the code, %d did not", won.Load(), lost.Load())
		}
		if tokens := stores[0].records("token", code, 10); len(tokens) != 1 {
			t.Errorf("tokens: %v", tokens)
		}
		if used := stores[0].journal(fhir.JournalQuery{Key: code}); len(used) != 1 {
			t.Errorf("the journal says that it was used %d times", len(used))
		}
	}
	stores[0].check()
}

// raceRecordCounter has all racers count in one record, which does not exist at first.
func raceRecordCounter(t *testing.T, _ *suite, stores []*store) {
	const each = 3
	ctx := t.Context()
	race(t, recordRacers, stores, func(_ int, st fhir.Store) error {
		for range each {
			if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				n := 0
				switch r, err := tx.Record(ctx, "counter", "c"); {
				case err == nil:
					if n, err = strconv.Atoi(string(r.Value)); err != nil {
						return err
					}
				case fhir.CodeOf(err) != fhir.NotFound:
					return err
				}
				return tx.Keep(ctx, &fhir.Record{Kind: "counter", Key: "c", Value: strconv.AppendInt(nil, int64(n)+1, 10)})
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if got, want := stores[len(stores)-1].record("counter", "c"), fmt.Sprintf("counter/c of %q until %q: %d", "", "", recordRacers*each); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	stores[0].check()
}

// raceOwner has all racers list an owner's records and add one unless there are enough.
func raceOwner(t *testing.T, _ *suite, stores []*store) {
	const enough = 5
	ctx := t.Context()
	for _, owner := range []string{"ann", ""} { // whoever's, in the second round
		kind := "session of " + owner
		race(t, recordRacers, stores, func(i int, st fhir.Store) error {
			return st.Update(ctx, nil, func(tx fhir.Tx) error {
				list, err := tx.Records(ctx, kind, owner, "", 1000)
				if err != nil || len(list) >= enough {
					return err
				}
				return tx.Keep(ctx, &fhir.Record{Kind: kind, Key: fmt.Sprintf("s%03d", i), Owner: owner})
			})
		})
		if list := stores[0].records(kind, owner, 1000); len(list) != enough {
			t.Errorf("there are %d of %q: %v", len(list), owner, list)
		}
	}
	stores[0].check()
}

// raceAgain has racers drop and keep one record, each by what it has read: what is kept anew is not taken for what was there before.
func raceAgain(t *testing.T, _ *suite, stores []*store) {
	ctx := t.Context()
	stores[0].keep(&fhir.Record{Kind: "lamp", Key: "l", Value: []byte("on")})
	var switched atomic.Int64
	race(t, recordRacers, stores, func(_ int, st fhir.Store) error {
		for range 3 {
			if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				_, err := tx.Record(ctx, "lamp", "l")
				switch {
				case fhir.CodeOf(err) == fhir.NotFound:
					err = tx.Keep(ctx, &fhir.Record{Kind: "lamp", Key: "l", Value: []byte("on")})
				case err == nil:
					err = tx.Drop(ctx, "lamp", "l")
				}
				if err != nil {
					return err
				}
				return tx.Append(ctx, entry("switched", "lamp"))
			}); err != nil {
				return err
			}
			switched.Add(1)
		}
		return nil
	})
	if n := len(stores[0].journal(fhir.JournalQuery{Key: "lamp"})); int64(n) != switched.Load() {
		t.Errorf("it was switched %d times, and the journal has %d", switched.Load(), n)
	}
	if on := stores[0].record("lamp", "l") != ""; on != (switched.Load()%2 == 0) {
		t.Errorf("after %d times it is on: %v", switched.Load(), on)
	}
	stores[0].check()
}

package number_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/number"
	"andiron.dev/search"
)

// TestNext: 50 at once, of which every fifth fails after it has got a number: the others have all numbers, each once.
func TestNext(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, guards := range [][]string{nil, {number.Guard("x")}} {
		var mu sync.Mutex
		var wg sync.WaitGroup
		given := make(map[int64]int)
		sequence := "with" + string(rune('0'+len(guards)))
		for i := range 50 {
			wg.Go(func() {
				var got int64
				err := store.Update(context.Background(), guards, func(tx fhir.Tx) (err error) {
					if got, err = number.Next(context.Background(), tx, sequence); err == nil && i%5 == 0 {
						err = errors.New("no")
					}
					return err
				})
				if (err != nil) != (i%5 == 0) {
					t.Errorf("%d: %v", i, err)
				}
				if err == nil {
					mu.Lock()
					given[got]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for n := range int64(40) {
			if given[n+1] != 1 {
				t.Errorf("%v: the number %d was given %d times", guards, n+1, given[n+1])
			}
		}
	}
}

func TestIdentifiers(t *testing.T) {
	day := time.Date(2026, 5, 4, 23, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		got  number.Identifier
		want number.Identifier
	}{
		{number.Invoices("o1", 2026).Identifier(1), number.Identifier{System: "https://andiron.dev/fhir/sid/invoice/o1/2026", Value: "INV-2026-000001"}},
		{number.Receipts("o1", 2026).Identifier(1234567), number.Identifier{System: "https://andiron.dev/fhir/sid/receipt/o1/2026", Value: "RCT-2026-1234567"}},
		{number.Visits(day).Identifier(12), number.Identifier{System: "https://andiron.dev/fhir/sid/visit", Value: "V20260504-0012"}},
		{number.Records("o1").Identifier(7992739), number.Identifier{System: "https://andiron.dev/fhir/sid/mrn/o1", Value: "079927398"}},
	} {
		if test.got != test.want {
			t.Errorf("%v, want %v", test.got, test.want)
		}
	}
	for mrn, want := range map[string]bool{"000000018": true, "000000017": false, "79927398713": true, "79927398710": false, "00000001": false, "00000001x": false, "": false} {
		if number.ValidRecord(mrn) != want {
			t.Errorf("%s: %v", mrn, !want)
		}
	}
}

package storetest

import (
	"context"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

func benchRead(b *testing.B, s *suite) {
	st := s.loaded(b)
	parallel(b, 1, readPatient(st))
}

func benchReadParallel(b *testing.B, s *suite) {
	st := s.loaded(b)
	parallel(b, 8, readPatient(st))
}

func readPatient(st fhir.Store) func(i int) error {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel // a context that could be cancelled is what servers have
	return func(i int) error {
		id := fmt.Sprintf("p%d", i*7919%patients)
		return st.View(ctx, func(tx fhir.Tx) error {
			_, err := tx.Read(ctx, "Patient", id)
			return err
		})
	}
}

func benchSearch(url string) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.loaded(b)
		q := s.parse(b, url)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		b.ReportAllocs()
		for b.Loop() {
			if err := st.View(ctx, func(tx fhir.Tx) error {
				_, err := tx.Search(ctx, q)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchHistory(q fhir.HistoryQuery) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.loaded(b)
		ctx := context.Background()
		for b.Loop() {
			if err := st.View(ctx, func(tx fhir.Tx) error {
				_, err := tx.History(ctx, q)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchEvents(b *testing.B, s *suite) {
	st := s.loaded(b)
	for b.Loop() {
		events, err := st.Events(context.Background(), observations/2, 100)
		if err != nil || len(events) != 100 {
			b.Fatalf("%d events, %v", len(events), err)
		}
	}
}

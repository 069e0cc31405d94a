package storetest

import (
	"context"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

// benchCreate creates Observations on n goroutines. With unsafe, commits are not durable: durable creation is to reach at
// least 60 % of that.
func benchCreate(n int, unsafe bool) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.openBench(b, unsafe)
		ctx := context.Background()
		resources := make([]*fhir.Resource, b.N)
		for i := range resources {
			resources[i] = benchObservation(b, fmt.Sprintf("01234567-89ab-7cde-8f01-%012x", i), i%patients, i%20)
		}
		parallel(b, n, func(i int) error {
			return st.Update(ctx, nil, func(tx fhir.Tx) error {
				_, err := tx.Put(ctx, resources[i])
				return err
			})
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
	}
}

func benchUpdate(b *testing.B, s *suite) {
	st := s.openBench(b, false)
	ctx := context.Background()
	putAll(b, st, []*fhir.Resource{benchPatient(b, 1)})
	parallel(b, 1, func(i int) error {
		r := benchPatient(b, 1+i%2*1000).WithID("p1")
		return st.Update(ctx, nil, func(tx fhir.Tx) error {
			_, err := tx.Put(ctx, r)
			return err
		})
	})
}

// benchTransaction writes a Patient and three Observations at once.
func benchTransaction(n int) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.openBench(b, false)
		ctx := context.Background()
		parallel(b, n, func(i int) error {
			batch := []*fhir.Resource{benchPatient(b, i)}
			for o := range 3 {
				batch = append(batch, benchObservation(b, fmt.Sprintf("t%d-o%d", i, o), i, o))
			}
			return st.Update(ctx, nil, func(tx fhir.Tx) error {
				for _, r := range batch {
					if _, err := tx.Put(ctx, r); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// benchLoad writes transactions of 200 Observations on 4 goroutines; the figure is for one resource.
func benchLoad(b *testing.B, s *suite) {
	const size = 200
	st := s.openBench(b, false)
	ctx := context.Background()
	batches := make([][]*fhir.Resource, (b.N+size-1)/size)
	for i := range batches {
		for o := range size {
			batches[i] = append(batches[i], benchObservation(b, fmt.Sprintf("t%d-o%d", i, o), i, o))
		}
	}
	loads := make(chan []*fhir.Resource, len(batches))
	for _, batch := range batches {
		loads <- batch
	}
	close(loads)
	failed := make(chan error, 4)
	b.ResetTimer()
	for range cap(failed) {
		go func() {
			var err error
			for batch := range loads {
				if err == nil {
					err = st.Update(ctx, nil, func(tx fhir.Tx) error {
						for _, r := range batch {
							if _, err := tx.Put(ctx, r); err != nil {
								return err
							}
						}
						return nil
					})
				}
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(batches)*size)/b.Elapsed().Seconds(), "resources/s")
}

package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// auditEntry is what the audit trail says of a read: of one of 1,000 patients, by one of ten users and three clients.
func auditEntry(i int) *fhir.JournalEntry {
	return &fhir.JournalEntry{
		Time: time.Now(),
		Keys: []string{fmt.Sprintf("p:%032x", i*7919%patients), fmt.Sprint("u:user", i%10), fmt.Sprint("c:client", i%3), "k:rest"},
		Body: fmt.Appendf(nil, `{"k":"rest","s":"read","sub":"user%d","client":"client%d","r":["user/Patient.rs"],"w":["Patient/p%d/_history/1"],"rq":"%032x"}`, i%10, i%3, i*7919%patients, i),
	}
}

// benchAppend appends batches of entries on n goroutines; the figure is for one batch.
func benchAppend(n, batch int) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.openBench(b, false)
		ctx := context.Background()
		b.ReportAllocs()
		parallel(b, n, func(i int) error {
			entries := make([]*fhir.JournalEntry, batch)
			for j := range entries {
				entries[j] = auditEntry(i*batch + j)
			}
			return st.Append(ctx, entries...)
		})
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/entry")
	}
}

// benchCreateAudited is benchCreate with an entry in the same commit.
func benchCreateAudited(n int) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.openBench(b, false)
		ctx := context.Background()
		resources := make([]*fhir.Resource, b.N)
		for i := range resources {
			resources[i] = benchObservation(b, fmt.Sprintf("01234567-89ab-7cde-8f01-%012x", i), i%patients, i%20)
		}
		parallel(b, n, func(i int) error {
			return st.Update(ctx, nil, func(tx fhir.Tx) error {
				if _, err := tx.Put(ctx, resources[i]); err != nil {
					return err
				}
				return tx.Append(ctx, auditEntry(i))
			})
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
	}
}

// benchToken issues tokens on n goroutines: each uses up a code, reads its grant and keeps a token, with an entry in the journal.
func benchToken(n int) func(b *testing.B, s *suite) {
	return func(b *testing.B, s *suite) {
		st := s.openBench(b, false)
		ctx := context.Background()
		if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
			for i := range b.N {
				if err := tx.Keep(ctx, &fhir.Record{Kind: "code", Key: fmt.Sprintf("%064x", i*7919), Owner: "grant", Expires: time.Now().Add(time.Hour), Value: []byte("{}")}); err != nil {
					return err
				}
			}
			return tx.Keep(ctx, &fhir.Record{Kind: "grant", Key: "grant", Owner: "user", Value: []byte("{}")})
		}); err != nil {
			b.Fatal(err)
		}
		parallel(b, n, func(i int) error {
			return st.Update(ctx, nil, func(tx fhir.Tx) error {
				code, err := tx.Record(ctx, "code", fmt.Sprintf("%064x", i*7919))
				if err != nil {
					return err
				}
				grant, err := tx.Record(ctx, "grant", code.Owner)
				if err != nil {
					return err
				}
				if err := tx.Drop(ctx, "code", code.Key); err != nil {
					return err
				}
				if err := tx.Append(ctx, auditEntry(i)); err != nil {
					return err
				}
				return tx.Keep(ctx, &fhir.Record{Kind: "token", Key: fmt.Sprintf("%064x", i*104729), Owner: grant.Key, Expires: time.Now().Add(time.Minute), Value: []byte(`{"scope":"patient/*.rs"}`)})
			})
		})
	}
}

func benchRecord(b *testing.B, s *suite) {
	st := s.openBench(b, true)
	ctx := context.Background()
	if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
		for i := range patients {
			if err := tx.Keep(ctx, &fhir.Record{Kind: "token", Key: fmt.Sprintf("%064x", i*7919), Owner: "grant", Expires: time.Now().Add(time.Hour), Value: []byte(`{"scope":"patient/*.rs"}`)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	parallel(b, 1, func(i int) error {
		return st.View(ctx, func(tx fhir.Tx) error {
			_, err := tx.Record(ctx, "token", fmt.Sprintf("%064x", i%patients*7919))
			return err
		})
	})
}

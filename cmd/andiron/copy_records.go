package main

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// records copies what the server remembers beside resources. It is little, so it is gone through whole each time: what has been dropped
// since an interrupted copy is dropped in the copy.
func (k *copying) records(ctx context.Context) error {
	kinds, err := k.from.RecordKinds(ctx)
	if err != nil {
		return err
	}
	left, err := k.to.RecordKinds(ctx)
	if err != nil {
		return err
	}
	kinds = append(kinds, left...)
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		if kind == copyKind {
			continue
		}
		if err := k.recordsOf(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (k *copying) recordsOf(ctx context.Context, kind string) error {
	there := make(map[string]bool)
	if err := eachRecords(ctx, k.from, kind, func(list []*fhir.Record) error {
		return k.to.Update(ctx, nil, func(tx fhir.Tx) error {
			for _, r := range list {
				if isLease(r) {
					continue
				}
				there[r.Key] = true
				if err := tx.Keep(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}); err != nil {
		return err
	}
	return eachRecords(ctx, k.to, kind, func(list []*fhir.Record) error {
		return k.to.Update(ctx, nil, func(tx fhir.Tx) error {
			for _, r := range list {
				if there[r.Key] {
					continue
				}
				if err := tx.Drop(ctx, kind, r.Key); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// isLease reports whether a record says that a process is at work: a lease of one that works on the store that is copied would only hold up
// those that work on the copy.
func isLease(r *fhir.Record) bool { return r.Key == "lease" || strings.HasSuffix(r.Kind, "lease") }

// eachRecords calls fn with the records of a kind, batch by batch. Those that have expired are not among them.
func eachRecords(ctx context.Context, s *store, kind string, fn func(list []*fhir.Record) error) error {
	for after := ""; ; {
		var list []*fhir.Record
		if err := s.View(ctx, func(tx fhir.Tx) (err error) {
			list, err = tx.Records(ctx, kind, "", after, copyBatch)
			return err
		}); err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].Key
		if err := fn(list); err != nil {
			return err
		}
	}
}

package fhir_test

import (
	"context"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/search"
)

// store is an empty store.
func store(t *testing.T) *sqlite.Store {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// kept is a value of a record.
type kept struct {
	Count int      `json:"count"`
	Names []string `json:"names,omitempty"`
}

func TestRecordValues(t *testing.T) {
	ctx := context.Background()
	s := store(t)
	expires := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	err := s.Update(ctx, nil, func(tx fhir.Tx) error {
		v := kept{Count: 7}
		if found, err := fhir.RecordValue(ctx, tx, "k", "a", &v); found || err != nil || v.Count != 7 {
			t.Errorf("what is not there: %v, %v, %v", v, found, err)
		}
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: "k", Key: "a", Owner: "o", Expires: expires, Value: []byte("not this")}, kept{3, []string{"x"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, func(tx fhir.Tx) error {
		var v kept
		if found, err := fhir.RecordValue(ctx, tx, "k", "a", &v); !found || err != nil || v.Count != 3 || len(v.Names) != 1 {
			t.Errorf("what was kept: %v, %v, %v", v, found, err)
		}
		r, err := tx.Record(ctx, "k", "a")
		if err != nil || r.Owner != "o" || !r.Expires.Equal(expires) || string(r.Value) != `{"count":3,"names":["x"]}` {
			t.Errorf("the record: %+v, %v", r, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordValuesThatAreNone(t *testing.T) {
	ctx := context.Background()
	s := store(t)
	if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
		return tx.Keep(ctx, &fhir.Record{Kind: "k", Key: "a", Value: []byte("{")})
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.View(ctx, func(tx fhir.Tx) error {
		_, err := fhir.RecordValue(ctx, tx, "k", "a", &kept{})
		return err
	}); fhir.CodeOf(err) != fhir.Exception {
		t.Errorf("a value that is no JSON: %v", err)
	}
	if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: "k", Key: "b"}, func() {})
	}); fhir.CodeOf(err) != fhir.Exception {
		t.Errorf("what is no JSON: %v", err)
	}
	if err := s.View(ctx, func(tx fhir.Tx) error {
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: "k", Key: "b"}, kept{})
	}); err == nil {
		t.Error("a record was kept in a View")
	}
}

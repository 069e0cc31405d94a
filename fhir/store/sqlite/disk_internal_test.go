package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite/sqlitex"
)

func openInternal(t testing.TB) *Store {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func observation(t testing.TB, id, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"`+id+`","identifier":[{"system":"urn:`+id+`","value":"1"}],"valueString":"`+text+`"}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// limitPages makes the database's disk full at so many pages.
func limitPages(t testing.TB, s *Store, pages int64) {
	t.Helper()
	err := s.writer.runAlone(t.Context(), nil, func(fhir.Tx) error { return nil })
	if err == nil {
		err = sqlitex.ExecuteTransient(s.writer.conn.Conn, fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull fills the disk, in a group, in an update that runs alone, and in one that goes on after the error.
func TestDiskFull(t *testing.T) {
	s := openInternal(t)
	ctx := t.Context()
	write := func(id, text string, alone, swallow bool) error {
		return s.Update(ctx, []string{"g"}, func(tx fhir.Tx) error {
			for i := range 3 {
				_, err := tx.Put(ctx, observation(t, fmt.Sprint(id, "-", i), text))
				if err != nil && !swallow {
					return err
				}
			}
			if alone {
				_, err := tx.Read(ctx, "Observation", id+"-0")
				if !swallow {
					return err
				}
			}
			return nil
		})
	}
	if err := write("first", "x", false, false); err != nil {
		t.Fatal(err)
	}
	pages, err := one(s.writer.conn.Conn, "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, pages+10)
	large := strings.Repeat("large ", 20_000)
	for _, mode := range []struct{ alone, swallow bool }{{false, false}, {true, false}, {true, true}} {
		err := write("large", large, mode.alone, mode.swallow)
		if fhir.CodeOf(err) != fhir.NoStore && !(mode.swallow && err != nil) {
			t.Errorf("%+v: writing to a full disk: %v", mode, err)
		}
	}
	if err := s.View(ctx, func(tx fhir.Tx) error {
		_, err := tx.Read(ctx, "Observation", "large-0")
		if fhir.CodeOf(err) != fhir.NotFound {
			t.Errorf("part of it was stored: %v", err)
		}
		_, err = tx.Read(ctx, "Observation", "first-0")
		return err
	}); err != nil {
		t.Error(err)
	}
	limitPages(t, s, 1<<30)
	if err := write("last", "x", false, false); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestGroupWithOneThatFails commits several updates together, one of which cannot be written: the others are.
func TestGroupWithOneThatFails(t *testing.T) {
	s := openInternal(t)
	ctx := t.Context()
	pages, err := one(s.writer.conn.Conn, "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, pages+60)
	// While this one has the writer, the others queue up behind it.
	results := make(map[string]chan error)
	err = s.writer.runAlone(ctx, nil, func(fhir.Tx) error {
		for i := range 10 {
			id, text := fmt.Sprint("o", i), "x"
			if i == 4 {
				text = strings.Repeat("large ", 200_000)
			}
			done := make(chan error, 1)
			results[id] = done
			r := observation(t, id, text)
			go func() {
				done <- s.Update(context.WithoutCancel(ctx), nil, func(tx fhir.Tx) error {
					_, err := tx.Put(ctx, r)
					return err
				})
			}()
		}
		for len(s.writer.queue) < 10 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, done := range results {
		err := <-done
		if want := map[bool]fhir.IssueType{true: fhir.NoStore, false: ""}[id == "o4"]; fhir.CodeOf(err) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
	limitPages(t, s, 1<<30)
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

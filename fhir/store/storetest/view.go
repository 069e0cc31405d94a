package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"andiron.dev/fhir"
)

// testSnapshot has an update and a view watch the store while others commit.
func testSnapshot(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One", `"active":true`))
	ctx := t.Context()
	look := func(tx fhir.Tx) (text string) {
		r, err := tx.Read(ctx, "Patient", "1")
		if err != nil {
			return err.Error()
		}
		page, err := tx.Search(ctx, s.parse(t, "Patient?active=true"))
		if err != nil {
			return err.Error()
		}
		history, err := tx.History(ctx, fhir.HistoryQuery{Type: "Patient", Count: 100})
		if err != nil {
			return err.Error()
		}
		for _, e := range history.Events {
			text += " " + e.ID + "/" + e.VersionID
		}
		for _, id := range idsOf(page.Resources) {
			text += " " + id
		}
		return r.VersionID() + text
	}
	meanwhile := func() {
		var wg sync.WaitGroup
		wg.Go(func() {
			err := st.Update(ctx, nil, func(tx fhir.Tx) error {
				for _, id := range []string{"1", "2"} {
					if _, err := tx.Put(ctx, patient(t, id, "Later", `"active":true`)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("writing beside a reader: %v", err)
			}
		})
		wg.Wait()
	}
	st.view(func(_ context.Context, tx fhir.Tx) error {
		before := look(tx)
		meanwhile()
		if after := look(tx); after != before {
			t.Errorf("a View saw %q and then %q", before, after)
		}
		return nil
	})
	first := true
	st.update(nil, func(_ context.Context, tx fhir.Tx) error {
		before := look(tx)
		if first {
			first = false
			meanwhile()
		}
		if after := look(tx); after != before {
			t.Errorf("an Update saw %q and then %q", before, after)
		}
		_, err := tx.Put(ctx, patient(t, "3", "Three"))
		return err
	})
	wantSet(t, "in the end", st.search("Patient?"), "1", "2", "3")
}

func testReadOnly(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One"))
	st.view(func(ctx context.Context, tx fhir.Tx) error {
		if _, err := tx.Put(ctx, patient(t, "2", "Two")); err == nil {
			t.Error("a View can write")
		}
		if _, err := tx.Create(ctx, patient(t, "2", "Two")); err == nil {
			t.Error("a View can create")
		}
		if _, err := tx.Delete(ctx, "Patient", "1"); err == nil {
			t.Error("a View can delete")
		}
		return nil
	})
	wantIDs(t, "after it", st.search("Patient?"), "1")
	failure := errors.New("fn failed")
	if err := st.View(t.Context(), func(fhir.Tx) error { return failure }); err != failure { //nolint:errorlint // unchanged means unchanged
		t.Errorf("fn's error came back as %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("fn's panic was lost")
			}
		}()
		_ = st.View(t.Context(), func(fhir.Tx) error { panic("fn") })
	}()
	for range 50 { // no connection may have been lost
		_, err := st.read("Patient/1")
		wantCode(t, "after a panic", err, "")
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

// testFullText looks for words within the update that writes them, and after one that was given up.
func testFullText(t *testing.T, s *suite) {
	st := s.open(t)
	body := func(id, text string) *fhir.Resource {
		return resource(t, fmt.Sprintf(`{"resourceType":"Basic","id":"%s","code":{"text":"%s"}}`, id, text))
	}
	look := func(tx fhir.Tx, when string, want map[string]int) error {
		t.Helper()
		for query, n := range want {
			page, err := tx.Search(t.Context(), s.parse(t, "Basic?_content="+query))
			if err != nil {
				return err
			}
			if got := len(page.Resources); got != n {
				t.Errorf("%s: %s finds %d, want %d", when, query, got, n)
			}
		}
		return nil
	}
	view := func(when string, want map[string]int) {
		t.Helper()
		if err := st.View(t.Context(), func(tx fhir.Tx) error { return look(tx, when, want) }); err != nil {
			t.Fatal(err)
		}
	}
	st.put(body("old", "one two"))
	update := func(ctx context.Context, tx fhir.Tx) error {
		steps := []struct {
			do   func() error
			want map[string]int
		}{
			{func() error { _, err := tx.Put(ctx, body("a", "one three")); return err }, map[string]int{"one": 2, "three": 1, `"one two"`: 1}},
			{func() error { _, err := tx.Put(ctx, body("a", "two four")); return err }, map[string]int{"one": 1, "three": 0, "two": 2, "four": 1}},
			{func() error { _, err := tx.Delete(ctx, "Basic", "old"); return err }, map[string]int{"one": 0, "two": 1, "-four": 0}},
			{func() error { _, err := tx.Put(ctx, body("old", "five")); return err }, map[string]int{"five": 1, "two": 1, "-four": 1}},
			{func() error { _, err := tx.Put(ctx, body("a", "two four")); return err }, map[string]int{"two": 1}},
		}
		for i, step := range steps {
			if err := step.do(); err != nil {
				return err
			}
			if err := look(tx, fmt.Sprint("after step ", i), step.want); err != nil {
				return err
			}
		}
		return nil
	}
	err := st.Update(t.Context(), nil, func(tx fhir.Tx) error { return errors.Join(update(t.Context(), tx), errGivenUp) })
	if !errors.Is(err, errGivenUp) {
		t.Fatal(err)
	}
	view("given up", map[string]int{"one": 1, "two": 1, "four": 0, "five": 0})
	if err := st.Update(t.Context(), nil, func(tx fhir.Tx) error { return update(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	view("committed", map[string]int{"one": 0, "two": 1, "four": 1, "five": 1})
	st.check()
}

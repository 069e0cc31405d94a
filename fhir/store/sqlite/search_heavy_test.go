package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/search"
)

// TestHeavyPages: pages of large resources end early, whatever way leads to them, and nothing is lost between them.
func TestHeavyPages(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves hundreds of megabytes")
	}
	s, p := open(t, sqlite.Options{Dir: t.TempDir()}), params(t)
	load := strings.Repeat("x", 3<<20)
	for i := range 15 {
		r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Observation","id":"o%02d","status":"final","code":{"text":"c"},"effectiveDateTime":"20%02d","valueString":"%s"}`, i, i+10, load), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), r)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	ids := make([]string, 15)
	for i := range ids {
		ids[i] = fmt.Sprintf("o%02d", i)
	}
	for _, query := range []string{"", "_sort=date", "_sort=status,_id", "status=final", "_id=" + strings.Join(ids, ","), "across"} {
		typ, params := "Observation", fhir.Params(nil)
		if query == "across" {
			typ, query = "", "_type=Observation,Patient"
		}
		params, err := fhir.ParseParams(query + "&_count=100")
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := p.Parse(typ, params, search.Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		pages, found := 0, ""
		for {
			var page *fhir.SearchPage
			if err := s.View(t.Context(), func(tx fhir.Tx) (err error) {
				page, err = tx.Search(t.Context(), q)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if size := len(page.Resources) * len(load); size > search.PageBytes+len(load) {
				t.Errorf("%s %s: a page of %d resources", typ, query, len(page.Resources))
			}
			for _, r := range page.Resources {
				found += r.ID() + ","
			}
			if pages++; page.Next == "" {
				break
			}
			q.After = page.Next
		}
		if want := strings.Join(ids, ",") + ","; found != want || pages != 2 {
			t.Errorf("%s %s: %d pages, %s", typ, query, pages, found)
		}
	}
}

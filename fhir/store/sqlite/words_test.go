package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
)

// TestCheckFindsWords damages the full text index and the positions.
func TestCheckFindsWords(t *testing.T) {
	p := params(t)
	for damage, want := range map[string]string{
		"INSERT INTO words (words, rowid, word) SELECT 'delete', rid, 'fox' FROM current WHERE rid & 4294967295 = 2": "Patient/2: its words in the full text index",
		"INSERT INTO words (rowid, word) SELECT rid, 'ghost' FROM current WHERE rid & 4294967295 = 2":                "Patient/2: its words in the full text index",
		"INSERT INTO words (rowid, word) VALUES (424967295999, 'ghost')":                                             "words of 1 resources that are not there",
		"INSERT INTO words (words) VALUES ('delete-all')":                                                            "Location/1: its words in the full text index",
		"DELETE FROM position":                                    "Location/1: a position value is missing",
		"UPDATE position SET latitude = latitude + 1":             "Location/1: a position value is missing",
		"INSERT INTO position SELECT slot, 0, 0, n FROM position": "has 1 position values that no resource gives",
	} {
		dir := t.TempDir()
		s := open(t, sqlite.Options{Dir: dir, Params: p})
		put(t, s, `{"resourceType":"Patient","id":"1","active":true}`, `{"resourceType":"Patient","id":"2","name":[{"family":"Fox"}]}`,
			`{"resourceType":"Location","id":"1","name":"Ward","position":{"latitude":48.4,"longitude":9.98}}`)
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("an undamaged store: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		script(t, dir, damage)
		s = open(t, sqlite.Options{Dir: dir, Params: p})
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Check says %v, want %s", damage, err, want)
		}
	}
}

// TestWordsOfManyCommits writes the index in many small parts, which SQLite merges, and takes them out again.
func TestWordsOfManyCommits(t *testing.T) {
	storetest.Single(t)
	s := open(t, sqlite.Options{Dir: t.TempDir(), Unsafe: true})
	text := func(i, round int) string {
		return fmt.Sprintf(`{"resourceType":"Basic","id":"%d","code":{"text":"common word%d round%d %s"}}`, i, i, round, strings.Repeat("x", i%70))
	}
	const many = 400
	for round := range 3 {
		for i := range many {
			put(t, s, text(i, round))
		}
	}
	for i := range many {
		if i%4 == 0 {
			if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
				_, err := tx.Delete(t.Context(), "Basic", fmt.Sprint(i))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"_content=common": many * 3 / 4, "_content=round2": many * 3 / 4, "_content=round1": 0, "_content=word5": 1, "_content=word4": 0, "_content=word1*": 84,
		`_content="common word5"`: 1, "_content=-word5": many*3/4 - 1, "_content=" + strings.Repeat("x", 63): 5,
	} {
		if got := total(t, s, "Basic", query); got != want {
			t.Errorf("%s finds %d, want %d", query, got, want)
		}
	}
}

// total counts the matches of a search.
func total(t testing.TB, s *sqlite.Store, typ, query string) (n int) {
	t.Helper()
	values, err := fhir.ParseParams(query + "&_total=accurate")
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := params(t).Parse(typ, values, search.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		page, err := tx.Search(t.Context(), q)
		if err == nil {
			n = page.Total
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

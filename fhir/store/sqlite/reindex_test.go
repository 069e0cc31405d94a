package sqlite_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
)

// find gives the ids that a search finds.
func find(t testing.TB, s fhir.Store, p *search.Params, typ, name, value string) (ids []string) {
	t.Helper()
	q, _, err := p.Parse(typ, fhir.Params{{Name: name, Value: value}}, search.Options{Strict: true, Count: search.MaxCount})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		page, err := tx.Search(t.Context(), q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			ids = append(ids, r.ID())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// TestReindex opens a store whose index another version of the program has written.
func TestReindex(t *testing.T) {
	storetest.Single(t)
	dir, p := t.TempDir(), params(t)
	s := open(t, sqlite.Options{Dir: dir, Params: p})
	for i := range 1200 { // more than one portion
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"%d","active":%v,"birthDate":"1980-05-%02d","name":[{"family":"Fox"}],"generalPractitioner":[{"reference":"Practitioner/1"}]}`, i, i%2 == 0, 1+i%28))
		if i%400 == 0 {
			put(t, s, `{"resourceType":"ValueSet","id":"1","url":"http://a"}`)
		}
	}
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.Delete(t.Context(), "Patient", "3")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	script(t, dir, `UPDATE setting SET value = '0.0' WHERE name = 'index'; DELETE FROM date; DELETE FROM token WHERE n % 2 = 0; DELETE FROM dictionary WHERE kind = 2;
		INSERT INTO string (slot, folded, n, text) SELECT id, 'left over', 7, 'Left over' FROM dictionary WHERE kind = 3 AND text LIKE 'Patient string %' LIMIT 1`)
	var log bytes.Buffer
	s = open(t, sqlite.Options{Dir: dir, Params: p, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Index(t.Context()); err != nil { // what the start has left over, on a slow machine
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("after indexing anew: %v", err)
	}
	if n := len(find(t, s, p, "Patient", "active", "true")); n != 600 {
		t.Errorf("found %d of 600", n)
	}
	if n := len(find(t, s, p, "Patient", "birthdate", "1980-05-04")); n != 42 {
		t.Errorf("found %d of 42", n)
	}
	if text := log.String(); !strings.Contains(text, "the store is indexed anew") {
		t.Errorf("the log says %q", text)
	}
	put(t, s, `{"resourceType":"Patient","id":"new","active":true}`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	s = open(t, sqlite.Options{Dir: dir, Params: p, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Check(t.Context()); err != nil || log.Len() > 0 {
		t.Errorf("the next start: %v, and the log says %q", err, log.String())
	}
}

// TestCheckFinds damages a store in every way that Check is there for.
func TestCheckFinds(t *testing.T) {
	storetest.Single(t)
	p := params(t)
	for damage, want := range map[string]string{
		"DELETE FROM token WHERE n = 1":                         "Patient/1: a token value is missing",
		"UPDATE date SET high = x'ff'":                          "Patient/1: a date value is missing",
		"INSERT INTO uri VALUES (1, 'http://x', 1, '')":         "has 1 uri values that no resource gives",
		"DELETE FROM version WHERE seq = 1":                     "versions are missing from the commit order",
		"UPDATE version SET at = 0 WHERE seq = 3":               "version 3 is older",
		"UPDATE current SET seq = 1 WHERE seq = 2":              "has no current version, or one that is not its own|is neither current nor",
		"UPDATE current SET deleted = 1 WHERE seq = 2":          "has no current version, or one that is not its own",
		"DELETE FROM superseded":                                "version 1 is neither current nor a former one",
		"DELETE FROM resource":                                  "more or fewer ids than resources",
		"UPDATE resource SET id = 'other' WHERE id = '2'":       "Patient/2: its id leads elsewhere",
		"UPDATE version SET vid = 7 WHERE seq = 2":              "do not count from 1",
		"INSERT INTO resource (type, id, n) VALUES (1,'x',999)": "leads to nothing",
	} {
		dir := t.TempDir()
		s := open(t, sqlite.Options{Dir: dir, Params: p})
		put(t, s, `{"resourceType":"Patient","id":"1","active":true,"birthDate":"1980"}`, `{"resourceType":"Patient","id":"1","active":true,"birthDate":"1981"}`,
			`{"resourceType":"Patient","id":"2","name":[{"family":"Fox"}]}`)
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("an undamaged store: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		script(t, dir, damage)
		s = open(t, sqlite.Options{Dir: dir, Params: p})
		err := s.Check(t.Context())
		found := false
		for text := range strings.SplitSeq(want, "|") {
			found = found || err != nil && strings.Contains(err.Error(), text)
		}
		if !found {
			t.Errorf("%s: Check says %v, want %s", damage, err, want)
		}
	}
}

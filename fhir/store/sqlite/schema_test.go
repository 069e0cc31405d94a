package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
	zombie "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func params(t testing.TB) *search.Params {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return search.NewParams(spec, units)
}

func open(t testing.TB, o sqlite.Options) *sqlite.Store {
	t.Helper()
	if o.Params == nil {
		o.Params = params(t)
	}
	s, err := sqlite.Open(o)
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

func put(t testing.TB, s fhir.Store, texts ...string) {
	t.Helper()
	for _, text := range texts {
		r, err := fhir.ParseResource(text, fhir.Limits{})
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
}

// script runs SQL on a store's file.
func script(t testing.TB, dir, sql string) {
	t.Helper()
	c, err := zombie.OpenConn(filepath.Join(dir, sqlite.File), zombie.OpenReadWrite, zombie.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := sqlitex.ExecuteScript(c, sql, nil); err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	put(t, s, `{"resourceType":"Patient","id":"1","active":true}`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	script(t, dir, "PRAGMA user_version = 1000")
	_, err := sqlite.Open(sqlite.Options{Dir: dir, Params: params(t)})
	var schema *sqlite.SchemaError
	if !errors.As(err, &schema) || schema.Found != 1000 || schema.Known < 1 {
		t.Fatalf("opening a newer store: %v", err)
	}
	if !strings.Contains(err.Error(), "1000") || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not say what is wrong: %v", err)
	}
}

func TestForeignFile(t *testing.T) {
	for name, make := range map[string]func(dir string){
		"text":        func(dir string) { write(t, dir, strings.Repeat("not a database\n", 1000)) },
		"database":    func(dir string) { script(t, dir, "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)") },
		"application": func(dir string) { script(t, dir, "PRAGMA application_id = 42; CREATE TABLE x (y)") },
		"versioned":   func(dir string) { script(t, dir, "PRAGMA user_version = 1") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			make(dir)
			before, err := os.ReadFile(filepath.Join(dir, sqlite.File))
			if err != nil {
				t.Fatal(err)
			}
			_, err = sqlite.Open(sqlite.Options{Dir: dir, Params: params(t)})
			var schema *sqlite.SchemaError
			if !errors.As(err, &schema) || !strings.Contains(err.Error(), "not a store of Andiron") {
				t.Errorf("opening it: %v", err)
			}
			if after, err := os.ReadFile(filepath.Join(dir, sqlite.File)); err != nil || string(after) != string(before) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func write(t testing.TB, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, sqlite.File), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNoFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"below a file": filepath.Join(file, "store"), "a file": file, "a folder in the place of the file": dir} {
		if name == "a folder in the place of the file" {
			if err := os.Mkdir(filepath.Join(dir, sqlite.File), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		_, err := sqlite.Open(sqlite.Options{Dir: dir, Params: params(t)})
		if err == nil || !strings.Contains(err.Error(), "cannot") || !strings.Contains(err.Error(), filepath.Dir(file)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("SKIPPED: root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a folder that cannot be written to
		t.Fatal(err)
	}
	if _, err := sqlite.Open(sqlite.Options{Dir: dir, Params: params(t)}); err == nil || !strings.Contains(err.Error(), "cannot open the store") {
		t.Errorf("opening a store where nothing can be written: %v", err)
	}
}

// TestOpenTogether opens a new store from many sides at once: one of them creates it.
func TestOpenTogether(t *testing.T) {
	dir, p := t.TempDir(), params(t)
	type opened struct {
		store *sqlite.Store
		err   error
	}
	results := make(chan opened, 8)
	for range cap(results) {
		go func() {
			s, err := sqlite.Open(sqlite.Options{Dir: dir, Params: p})
			results <- opened{s, err}
		}()
	}
	for i := range cap(results) {
		r := <-results
		if r.err != nil {
			t.Errorf("opening: %v", r.err)
			continue
		}
		if err := errors.Join(r.store.Check(t.Context()), r.store.Close()); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

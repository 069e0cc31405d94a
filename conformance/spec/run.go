package spec

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

// base is where the server is, as far as its clients know.
const base = "http://localhost" + server.Path

// Run runs the exchange files that the pattern names, each on a server of its own. Modules are what the server has beyond
// the RESTful interactions.
func Run(t *testing.T, pattern string, modules ...fhir.Module) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no exchange files at %s (%v)", pattern, err)
	}
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	update := flag.Lookup("update")
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".http"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := parse(string(text))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			r := &run{names: newNames(), now: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), update: update != nil && update.Value.String() == "true"}
			r.start(t, f.settings, spec, modules)
			for _, e := range f.exchanges {
				t.Run(e.title, func(t *testing.T) { r.exchange(t, e) })
				r.now = r.now.Add(time.Second)
			}
			if r.update && f.String() != string(text) {
				if err := os.WriteFile(path, []byte(f.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// run is the run of one file.
type run struct {
	*names
	server *server.Server
	store  chosen.Store
	now    time.Time
	ids    chan string
	update bool
}

// start starts the server on an empty store.
func (r *run) start(t *testing.T, settings []directive, spec *r4.Spec, modules []fhir.Module) {
	t.Helper()
	config := server.Config{Spec: spec, Modules: modules, Version: "1.0.0", Now: func() time.Time { return r.now }}
	limit := int64(0)
	for _, s := range settings {
		switch s.name {
		case "single-delete":
			config.SingleDelete = true
		case "base-url":
			config.BaseURL = s.value
		case "origin":
			config.Origins = append(config.Origins, s.value)
		case "max-entries":
			config.MaxEntries, _ = strconv.Atoi(s.value)
		case "search-limit":
			limit, _ = strconv.ParseInt(s.value, 10, 64)
		case "max-included":
			config.MaxIncluded, _ = strconv.Atoi(s.value)
		default:
			t.Fatalf("@server has no setting %q", s.name)
		}
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	config.Params = search.NewParams(spec, units)
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: config.Params, Now: config.Now, Unsafe: true, SearchLimit: limit})
	r.ids = make(chan string) // entries of a batch ask for ids at the same time
	stop := make(chan struct{})
	go func() {
		for i := 1; ; i++ {
			select {
			case r.ids <- fmt.Sprintf(idFormat, i):
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	r.store = store
	config.Store, config.NewID = store, func() string { return <-r.ids }
	if r.server, err = server.New(config); err != nil {
		t.Fatal(err)
	}
}

// exchange sends the request and compares the response with the one in the file.
func (r *run) exchange(t *testing.T, e *exchange) {
	for _, d := range e.directives {
		if d.name == "wait" {
			pause, err := time.ParseDuration(d.value)
			if err != nil {
				t.Fatal(err)
			}
			r.now = r.now.Add(pause)
		}
	}
	for _, d := range e.directives {
		if engine := chosen.Engine(); d.name == "engine" && d.value != engine {
			t.Skipf("SKIPPED: this is how %s answers, and the tests run on %s", d.value, engine)
		}
	}
	if e.has("index") {
		if err := r.store.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	request, err := r.request(e)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, request)
	text, err := r.render(e, w.Result())
	if err != nil {
		t.Fatal(err)
	}
	got := r.abstract(text, e.response)
	if r.update {
		e.response = got
	} else if got != e.response {
		t.Errorf("%s %s\n%s", e.method, e.target, difference(got, e.response))
	}
}

package smart_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// base is the FHIR base of the servers under test.
const base = "http://localhost/fhir"

// house is a guarded server on an empty store.
type house struct {
	t      testing.TB
	server *server.Server
	guard  *smart.Guard
	store  fhir.Store
	clock  *clock
	spec   *r4.Spec
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t testing.TB, configure ...func(*server.Config)) *house {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, spec: spec, clock: &clock{now: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)}}
	config := server.Config{Spec: spec, Params: search.NewParams(spec, nil), BaseURL: base, Now: h.clock.Now}
	h.store = chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: config.Params, Unsafe: true, Now: h.clock.Now})
	t.Cleanup(func() { _ = h.store.Close() })
	config.Store = h.store
	config.Rules = rules.New(h.store, smart.System)
	h.guard, err = smart.New(smart.Config{Store: config.Rules.Store(), Spec: spec, Params: config.Params, BaseURL: base, Now: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	config.Guard = h.guard
	for _, c := range configure {
		c(&config)
	}
	if h.server, err = server.New(config); err != nil {
		t.Fatal(err)
	}
	return h
}

// answer is what came back.
type answer struct {
	t       testing.TB
	request string
	status  int
	body    string
	header  map[string][]string
}

// do sends a request over HTTP as a principal; nil = as nobody. Headers are "Name: value".
func (h *house) do(p *smart.Principal, method, path, body string, headers ...string) *answer {
	h.t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	if p != nil {
		r = r.WithContext(smart.With(r.Context(), p))
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return &answer{h.t, method + " " + path, w.Code, w.Body.String(), w.Header()}
}

func (h *house) get(p *smart.Principal, path string) *answer {
	h.t.Helper()
	return h.do(p, "GET", path, "")
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("%s: %d instead of %d\n%.400s", a.request, a.status, status, a.body)
	}
	return a
}

// finds checks the ids of the matches and of what is included with them.
func (a *answer) finds(ids ...string) *answer {
	a.t.Helper()
	a.is(200)
	found := a.ids()
	slices.Sort(found)
	slices.Sort(ids)
	if !slices.Equal(found, ids) {
		a.t.Errorf("%s: found %v instead of %v", a.request, found, ids)
	}
	return a
}

func (a *answer) bundle() (b struct {
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		Resource struct {
			ResourceType, ID string
			Meta             struct{ VersionID string }
		}
		Response struct{ Status, Location string }
		Request  struct{ Method, URL string }
	}
}) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &b); err != nil {
		a.t.Errorf("%s: %v", a.request, err)
	}
	return b
}

func (a *answer) ids() (ids []string) {
	a.t.Helper()
	for _, e := range a.bundle().Entry {
		if r := e.Resource; r.ResourceType != "OperationOutcome" && r.ID != "" {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// totals checks the total; -1 = there is none.
func (a *answer) totals(want int) *answer {
	a.t.Helper()
	got := -1
	if total := a.bundle().Total; total != nil {
		got = *total
	}
	if got != want {
		a.t.Errorf("%s: total %d instead of %d", a.request, got, want)
	}
	return a
}

func (a *answer) link(relation string) string {
	a.t.Helper()
	for _, l := range a.bundle().Link {
		if l.Relation == relation {
			return strings.TrimPrefix(l.URL, base)
		}
	}
	return ""
}

// like checks that two answers cannot be told apart.
func (a *answer) like(b *answer) {
	a.t.Helper()
	if a.status != b.status || a.body != b.body {
		a.t.Errorf("%s and %s can be told apart: %d %d\n%.300s\n%.300s", a.request, b.request, a.status, b.status, a.body, b.body)
	}
	for _, name := range []string{"Etag", "Last-Modified", "Location", "Content-Type"} {
		if len(a.header[name]) != len(b.header[name]) {
			a.t.Errorf("%s and %s differ in %s", a.request, b.request, name)
		}
	}
}

func scopes(t testing.TB, text string) smart.Scopes {
	t.Helper()
	list, refused := smart.ParseScopes(text)
	if len(refused) > 0 {
		t.Fatalf("no scopes: %v", refused)
	}
	return list
}

// patient is a patient with an app; doctor a practitioner; backend a client for itself.
func patient(t testing.TB, id, granted string) *smart.Principal {
	return &smart.Principal{Subject: "user:" + id, ClientID: "app", FhirUser: "Patient/" + id, Patient: id, Scopes: scopes(t, granted)}
}

func doctor(t testing.TB, granted string, roles ...string) *smart.Principal {
	if roles == nil {
		roles = []string{smart.RolePractitioner}
	}
	return &smart.Principal{Subject: "user:dr", ClientID: "ehr", FhirUser: "Practitioner/dr", Roles: roles, Scopes: scopes(t, granted), Purpose: "TREAT"}
}

func backend(t testing.TB, granted string) *smart.Principal {
	return &smart.Principal{Subject: "client:backend", ClientID: "backend", Scopes: scopes(t, granted)}
}

// put stores resources as the hospital's own client does: "Observation/o1 {…}".
func (h *house) put(resources ...string) {
	h.t.Helper()
	p := backend(h.t, "system/*.cruds system/Consent.cruds")
	for _, r := range resources {
		reference, body, _ := strings.Cut(r, " ")
		typ, id, _ := strings.Cut(reference, "/")
		text := fmt.Sprintf(`{"resourceType":%q,"id":%q,%s`, typ, id, strings.TrimPrefix(body, "{"))
		if a := h.do(p, "PUT", "/"+reference, text); a.status != 200 && a.status != 201 {
			h.t.Fatalf("PUT %s: %d %s", reference, a.status, a.body)
		}
	}
}

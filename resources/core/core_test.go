package core_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/core"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

// hospital is a server with the operations on an empty store.
type hospital struct {
	*server.Server
	t     testing.TB
	store *sqlite.Store
	gate  *gate.Gate
	now   time.Time
}

func open(t testing.TB, more ...fhir.Module) *hospital {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	h := &hospital{t: t, gate: gate.New(spec), now: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)}
	params := search.NewParams(spec, units)
	now := func() time.Time { return h.now }
	if h.store, err = sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: params, Now: now, Unsafe: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	m := core.New(core.Config{Store: h.store, Spec: spec, Params: params, Now: now, NewID: server.NewUUID})
	h.Server, err = server.New(server.Config{Store: h.store, Spec: spec, Params: params, Now: now, Modules: append([]fhir.Module{m}, more...)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// answer is a response: its status, and its body taken apart.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   any
}

func (h *hospital) do(method, path, body string, headers ...string) *answer {
	h.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = "http://localhost/fhir" + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := &answer{t: h.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, a.text)
		}
		// Whatever leaves is valid R4.
		root, err := fhir.Parse(a.text, fhir.Limits{})
		if err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, a.text)
		}
		if o := h.gate.Check(root); o != nil && !strings.Contains(path, "lenient=") {
			h.t.Errorf("%s %s answers with what is no R4: %v\n%s", method, path, o, a.text)
		}
	}
	return a
}

// put stores resources, each under the id that it has.
func (h *hospital) put(list ...string) {
	h.t.Helper()
	for _, text := range list {
		r, err := fhir.ParseResource(text, fhir.DefaultLimits())
		if err != nil {
			h.t.Fatalf("%v: %s", err, text)
		}
		if a := h.do("PUT", "/"+r.Reference(), text); a.status > 201 {
			h.t.Fatalf("PUT %s: %d %s", r.Reference(), a.status, a.text)
		}
	}
}

// at is a value of the answer: "entry.0.resource.id"; nil where there is none.
func (a *answer) at(path string) any {
	v := a.body
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) is(status int, wants ...any) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("HTTP %d, want %d: %s", a.status, status, a.text)
	}
	for i := 0; i < len(wants); i += 2 {
		if got := fmt.Sprint(a.at(wants[i].(string))); got != fmt.Sprint(wants[i+1]) {
			a.t.Errorf("%s is %s, want %v: %s", wants[i], got, wants[i+1], a.text)
		}
	}
}

// entries are the references of a Bundle's resources with a search mode, in order; "" = any.
func (a *answer) entries(mode string) string {
	var list []string
	entries, _ := a.at("entry").([]any)
	for i := range entries {
		at := fmt.Sprintf("entry.%d.", i)
		if m := a.at(at + "search.mode"); mode == "" || m == mode {
			list = append(list, fmt.Sprintf("%v/%v", a.at(at+"resource.resourceType"), a.at(at+"resource.id")))
		}
	}
	return strings.Join(list, " ")
}

// next is the link to the next page, "" where there is none.
func (a *answer) next() string {
	links, _ := a.at("link").([]any)
	for i := range links {
		if a.at(fmt.Sprintf("link.%d.relation", i)) == "next" {
			return a.at(fmt.Sprintf("link.%d.url", i)).(string)
		}
	}
	return ""
}

func parameters(list string) string {
	return `{"resourceType":"Parameters","parameter":[` + list + `]}`
}

// raw sends a request and says how long the answer is.
func (h *hospital) raw(method, path string) int {
	r := httptest.NewRequest(method, "http://localhost/fhir"+path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s %s: %d", method, path, w.Code)
	}
	return w.Body.Len()
}

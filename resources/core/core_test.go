package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/resources/core"
	"andiron.dev/resources/resourcestest"
)

// hospital is a server with the operations on an empty store.
type hospital struct {
	*server.Server
	t     testing.TB
	store chosen.Store
	gate  *gate.Gate
	now   time.Time
}

func open(t testing.TB, more ...fhir.Module) *hospital {
	t.Helper()
	spec, params := resourcestest.Parameters(t)
	h := &hospital{t: t, gate: gate.New(spec), now: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.now }
	h.store = resourcestest.Open(t, params, now)
	m := core.New(core.Config{Store: h.store, Spec: spec, Params: params, Now: now, NewID: server.NewUUID})
	var err error
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
	w := resourcestest.Exchange(context.Background(), h, method, path, body, headers...)
	a := &answer{t: h.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, a.text)
		}
		// Whatever leaves is valid R4.
		if o := resourcestest.Faults(h.t, h.gate, a.text); o != nil && !strings.Contains(path, "lenient=") {
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
func (a *answer) at(path string) any { return resourcestest.At(a.body, path) }

func (a *answer) is(status int, wants ...any) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("HTTP %d, want %d: %s", a.status, status, a.text)
	}
	resourcestest.Holds(a.t, a.body, wants...)
}

// entries are the references of a Bundle's resources with a search mode, in order; "" = any.
func (a *answer) entries(mode string) string { return resourcestest.Entries(a.body, mode) }

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
	w := resourcestest.Exchange(context.Background(), h, method, path, "")
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s %s: %d", method, path, w.Code)
	}
	return w.Body.Len()
}

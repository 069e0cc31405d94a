package patient_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/resources/core"
	"andiron.dev/resources/patient"
	"andiron.dev/resources/resourcestest"
	"andiron.dev/smart"
)

// hospital is a server with the module on an empty store. With a guard, somebody asks: see as.
type hospital struct {
	*server.Server
	t     testing.TB
	store chosen.Store
	gate  *gate.Gate

	mu  sync.Mutex
	now time.Time
}

const base = resourcestest.Base

func open(t testing.TB) *hospital        { return assemble(t, false) }
func openGuarded(t testing.TB) *hospital { return assemble(t, true) }

func assemble(t testing.TB, guarded bool) *hospital {
	t.Helper()
	spec, params := resourcestest.Parameters(t)
	h := &hospital{t: t, gate: gate.New(spec), now: time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)}
	now := func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.now
	}
	h.store = resourcestest.Open(t, params, now)
	kept := rules.New(h.store, smart.System)
	config := server.Config{Store: h.store, Rules: kept, Spec: spec, Params: params, BaseURL: base, Now: now}
	store := kept.Store()
	var err error
	if guarded {
		if config.Guard, err = smart.New(smart.Config{Store: kept.Store(), Spec: spec, Params: params, BaseURL: base, Now: now}); err != nil {
			t.Fatal(err)
		}
		store = config.Guard.Store()
	}
	serve := fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		return h.Handler().Serve(ctx, req)
	})
	config.Modules = []fhir.Module{
		core.New(core.Config{Store: store, Spec: spec, Params: params, Now: now, NewID: server.NewUUID, BaseURL: base}),
		patient.New(patient.Config{Store: store, Spec: spec, Params: params, Serve: serve, Now: now, NewID: server.NewUUID, BaseURL: base}),
	}
	if h.Server, err = server.New(config); err != nil {
		t.Fatal(err)
	}
	return h
}

// later turns the clock on.
func (h *hospital) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// answer is a response: its status, and its body taken apart.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   any
}

// do sends a request as nobody in particular.
func (h *hospital) do(method, path, body string, headers ...string) *answer {
	h.t.Helper()
	return h.send(context.Background(), method, path, body, headers...)
}

// as sends a request as somebody with scopes and roles.
func (h *hospital) as(scopes, roles, method, path, body string, more ...func(*smart.Principal)) *answer {
	h.t.Helper()
	parsed, refused := smart.ParseScopes(scopes)
	if len(refused) > 0 {
		h.t.Fatal(refused)
	}
	p := &smart.Principal{Subject: "user:desk", FhirUser: "Practitioner/desk", Roles: strings.Fields(roles), Scopes: parsed, AMR: []string{"pwd", "otp", "mfa"}}
	switch {
	case strings.HasPrefix(scopes, "system/"):
		p = &smart.Principal{Subject: "client:ehr", ClientID: "ehr", Scopes: parsed}
	case strings.HasPrefix(scopes, "patient/"):
		p = &smart.Principal{Subject: "user:ana", FhirUser: "Patient/pat-ana", Patient: "pat-ana", Roles: []string{smart.RolePatient}, Scopes: parsed}
	}
	for _, change := range more {
		change(p)
	}
	return h.send(smart.With(context.Background(), p), method, path, body)
}

func (h *hospital) send(ctx context.Context, method, path, body string, headers ...string) *answer {
	h.t.Helper()
	w := resourcestest.Exchange(ctx, h, method, path, body, headers...)
	a := &answer{t: h.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, a.text)
		}
		// Whatever leaves is valid R4.
		if o := resourcestest.Faults(h.t, h.gate, a.text); o != nil {
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
		if a := h.as("system/*.cruds", "", "PUT", "/"+r.Reference(), text); a.status > 201 {
			h.t.Fatalf("PUT %s: %d %s", r.Reference(), a.status, a.text)
		}
	}
}

// total counts what a search finds.
func (h *hospital) total(search string) int {
	h.t.Helper()
	separator := "?"
	if strings.Contains(search, "?") {
		separator = "&"
	}
	a := h.as("system/*.cruds", "", "GET", "/"+search+separator+"_summary=count", "")
	n, ok := a.at("total").(float64)
	if a.status != 200 || !ok {
		h.t.Fatalf("%s: %d %s", search, a.status, a.text)
	}
	return int(n)
}

// at is a value of the answer: "entry.0.resource.id"; nil where there is none.
func (a *answer) at(path string) any { return resourcestest.At(a.body, path) }

func (a *answer) is(status int, wants ...any) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("HTTP %d, want %d: %s", a.status, status, a.text)
	}
	resourcestest.Holds(a.t, a.body, wants...)
	return a
}

// detail demands an error with a detail code.
func (a *answer) detail(status int, code string) *answer {
	a.t.Helper()
	return a.is(status, "issue.0.details.coding.0.code", code)
}

// entries are the references of a Bundle's resources with a search mode, in order; "" = any.
func (a *answer) entries(mode string) string { return resourcestest.Entries(a.body, mode) }

func parameters(list string) string {
	return `{"resourceType":"Parameters","parameter":[` + list + `]}`
}

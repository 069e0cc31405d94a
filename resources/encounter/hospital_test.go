package encounter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/automation"
	"andiron.dev/resources/encounter"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

// hospital is a server with the modules on an empty store.
type hospital struct {
	*server.Server
	t   testing.TB
	mu  sync.Mutex
	now time.Time

	gate *gate.Gate
}

func (h *hospital) time() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hospital) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func open(t testing.TB) *hospital {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	h := &hospital{t: t, gate: gate.New(spec), now: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)}
	params := search.NewParams(spec, units)
	store, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: params, Now: h.time, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	enforcer := rules.New(store, nil)
	serve := fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		return h.Handler().Serve(ctx, req)
	})
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	h.Server, err = server.New(server.Config{Store: store, Rules: enforcer, Spec: spec, Params: params, Now: h.time, Log: log, Modules: []fhir.Module{
		automation.New(automation.Config{Store: enforcer.Store(), Spec: spec, Params: params, Serve: serve, Now: h.time, NewID: server.NewUUID, Log: log}),
		encounter.New(encounter.Config{Store: enforcer.Store(), Join: enforcer.Join, Spec: spec, Params: params, Serve: serve, Now: h.time, NewID: server.NewUUID}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Drain(t.Context()); err != nil { // what is shipped is stored
		t.Fatal(err)
	}
	return h
}

// answer is a response.
type answer struct {
	t      testing.TB
	asked  string
	status int
	text   string
	body   map[string]any
}

func (h *hospital) do(method, path, body string) *answer {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://localhost/fhir"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := &answer{t: h.t, asked: method + " " + path, status: w.Code, text: w.Body.String()}
	if a.text != "" {
		if err := json.Unmarshal([]byte(a.text), &a.body); err != nil {
			h.t.Fatalf("%s: %v: %s", a.asked, err, a.text)
		}
		// Whatever leaves is valid R4.
		root, err := fhir.Parse(a.text, fhir.Limits{})
		if err != nil {
			h.t.Fatalf("%s: %v", a.asked, err)
		}
		if o := h.gate.Check(root); o != nil {
			h.t.Errorf("%s answers with what is no R4: %v\n%s", a.asked, o, a.text)
		}
	}
	return a
}

// is demands a status and texts in the body.
func (a *answer) is(status int, texts ...string) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d, want %d: %s", a.asked, a.status, status, a.text)
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			a.t.Fatalf("%s: no %s in %s", a.asked, text, a.text)
		}
	}
	return a
}

// without demands that texts are not in the body.
func (a *answer) without(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.text, text) {
			a.t.Fatalf("%s: there is %s in %s", a.asked, text, a.text)
		}
	}
	return a
}

// id is the id of the first resource of a type: the body, or what it holds.
func (a *answer) id(typ string) string {
	a.t.Helper()
	if a.body["resourceType"] == typ {
		return a.body["id"].(string)
	}
	entries, _ := a.body["entry"].([]any)
	for _, e := range entries {
		if r, _ := e.(map[string]any)["resource"].(map[string]any); r["resourceType"] == typ {
			return r["id"].(string)
		}
	}
	a.t.Fatalf("%s: no %s in %s", a.asked, typ, a.text)
	return ""
}

func (h *hospital) put(resources ...string) {
	h.t.Helper()
	for _, text := range resources {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			h.t.Fatal(err)
		}
		if a := h.do("PUT", "/"+r.ResourceType+"/"+r.ID, text); a.status != 200 && a.status != 201 {
			h.t.Fatalf("%s: %d %s", a.asked, a.status, a.text)
		}
	}
}

// bed demands the operational status of a bed.
func (h *hospital) bed(id, code string) {
	h.t.Helper()
	h.do("GET", "/Location/"+id, "").is(200, `"operationalStatus":{`, `"code":"`+code+`"`)
}

func place(id, kind, within, more string) string {
	if within != "" {
		more += `,"partOf":{"reference":"Location/` + within + `"}`
	}
	return fmt.Sprintf(`{"resourceType":"Location","id":"%s","status":"active","name":"%s","physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"%s"}]}%s}`, id, id, kind, more)
}

const unoccupied = `,"operationalStatus":{"system":"http://terminology.hl7.org/CodeSystem/v2-0116","code":"U"}`

func patient(id string) string {
	return `{"resourceType":"Patient","id":"` + id + `","gender":"female"}`
}

func params(list ...string) string {
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
}

func ref(name, to string) string {
	return `{"name":"` + name + `","valueReference":{"reference":"` + to + `"}}`
}

// furnished is a hospital with a ward of three beds, another ward, and patients.
func furnished(t testing.TB) *hospital {
	h := open(t)
	h.put(place("site", "si", "", ""), place("ward-a", "wa", "site", ""), place("ward-b", "wa", "site", ""), place("room-1", "ro", "ward-a", ""))
	for _, bed := range []string{"bed-101", "bed-102", "bed-103"} {
		h.put(place(bed, "bd", "ward-a", unoccupied))
	}
	h.put(place("bed-201", "bd", "ward-b", unoccupied))
	for _, p := range []string{"ana", "ben", "cem", "dua"} {
		h.put(patient(p))
	}
	return h
}

func (h *hospital) admit(patient, bed string, more ...string) *answer {
	h.t.Helper()
	return h.do("POST", "/Encounter/$admit", params(append([]string{ref("patient", "Patient/"+patient), ref("location", "Location/"+bed)}, more...)...))
}

const toHome = `{"name":"disposition","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/discharge-disposition","code":"home"}]}}`

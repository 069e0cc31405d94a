package automation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/automation"
	"andiron.dev/search"
)

const base = fhir.CanonicalBase

// hospital is a server with the automation on a store of its own, and a clock that stands still.
type hospital struct {
	*server.Server
	t      testing.TB
	now    *atomic.Int64
	store  fhir.Store
	module *automation.Module
	outbox string
}

// sender is a Sender that can be out of order.
type sender struct {
	automation.Sender
	down atomic.Bool
}

func (s *sender) Send(ctx context.Context, m *automation.Message) error {
	if s.down.Load() {
		return fmt.Errorf("503")
	}
	return s.Sender.Send(ctx, m)
}

func open(t testing.TB, senders ...automation.Sender) *hospital {
	t.Helper()
	now := &atomic.Int64{}
	now.Store(time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC).UnixMilli())
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	clock := func() time.Time { return time.UnixMilli(now.Load()) }
	store, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: params, Unsafe: true, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return join(t, store, spec, params, now, filepath.Join(t.TempDir(), "outbox"), senders...)
}

// join is another process on a store.
func join(t testing.TB, store fhir.Store, spec *r4.Spec, params *search.Params, now *atomic.Int64, outbox string, senders ...automation.Sender) *hospital {
	t.Helper()
	h := &hospital{t: t, now: now, store: store, outbox: outbox}
	clock := func() time.Time { return time.UnixMilli(now.Load()) }
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	enforcer := rules.New(store, nil)
	var send automation.Sender = &automation.Outbox{Dir: outbox}
	if len(senders) > 0 {
		send = senders[0]
	}
	h.module = automation.New(automation.Config{
		Store: enforcer.Store(), Spec: spec, Params: params, Now: clock, NewID: server.NewUUID, Log: log,
		Account: enforcer.Account,
		Serve: fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
			return h.Handler().Serve(ctx, req)
		}),
		Senders: map[string]automation.Sender{"sms": send, "email": send},
	})
	var err error
	h.Server, err = server.New(server.Config{Store: store, Spec: spec, Params: params, Rules: enforcer, Modules: []fhir.Module{h.module, again{enforcer.Store()}}, Now: clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// do sends a request to a path below the base, and reads the answer.
func (h *hospital) do(status int, method, path, body string) map[string]any {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://localhost/fhir/"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != status {
		h.t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return v
}

func (h *hospital) put(resource string) map[string]any {
	h.t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(resource), &r); err != nil {
		h.t.Fatal(err)
	}
	rec := httptest.NewRequest("PUT", "http://localhost/fhir/"+r.ResourceType+"/"+r.ID, strings.NewReader(resource))
	rec.Header.Set("Content-Type", "application/fhir+json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, rec)
	if w.Code != 200 && w.Code != 201 {
		h.t.Fatalf("PUT %s/%s: %d %s", r.ResourceType, r.ID, w.Code, w.Body)
	}
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return v
}

// drain has everything done that is due.
func (h *hospital) drain() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	if err := h.module.Drain(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// at sets the clock and drains.
func (h *hospital) at(text string) {
	h.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		h.t.Fatal(err)
	}
	h.now.Store(at.UnixMilli())
	h.drain()
}

// find are the resources that a search finds.
func (h *hospital) find(query string) (list []map[string]any) {
	h.t.Helper()
	b := h.do(200, "GET", query+"&_count=200", "")
	entries, _ := b["entry"].([]any)
	for _, e := range entries {
		list = append(list, e.(map[string]any)["resource"].(map[string]any))
	}
	return list
}

// count demands how many resources a search finds.
func (h *hospital) count(want int, query string) []map[string]any {
	h.t.Helper()
	found := h.find(query)
	if len(found) != want {
		h.t.Fatalf("%s: %d found, want %d\n%s\ntrace: %s", query, len(found), want, text(found), text(h.do(200, "GET", "PlanDefinition/$trace", "")))
	}
	return found
}

func text(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

// dig follows names and indexes into JSON.
func dig(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

// messages are the lines of a file of the outbox.
func (h *hospital) messages(medium string) (list []map[string]any) {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(h.outbox, medium+".jsonl"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			h.t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

const patient = `{"resourceType":"Patient","id":"ana","name":[{"family":"Silva"}],"telecom":[{"system":"phone","value":"+1 555 0100"},{"system":"email","value":"ana@example.org"}]}`

func appointment(status, start string) string {
	at, _ := time.Parse(time.RFC3339, start)
	return fmt.Sprintf(`{"resourceType":"Appointment","id":"x","status":%q,"start":%q,"end":%q,"participant":[{"actor":{"reference":"Patient/ana"},"status":"accepted"}]}`,
		status, start, at.Add(30*time.Minute).Format(time.RFC3339))
}

func dues(tasks []map[string]any) (list []string) {
	for _, t := range tasks {
		at, _ := time.Parse(time.RFC3339, dig(t, "executionPeriod", "start").(string))
		list = append(list, at.UTC().Format(time.RFC3339))
	}
	slices.Sort(list)
	return list
}

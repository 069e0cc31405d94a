package task_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/task"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// ward is a server with the rules about Tasks on a store of its own, and a clock that stands still.
type ward struct {
	*server.Server
	t      testing.TB
	now    *atomic.Int64
	store  fhir.Store
	spec   *r4.Spec
	params *search.Params
	module *task.Module
	who    *smart.Principal // whose requests they are; nil = nobody knows
}

func open(t testing.TB) *ward {
	t.Helper()
	w := &ward{t: t, now: &atomic.Int64{}}
	w.now.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixMilli())
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	w.spec, w.params = spec, search.NewParams(spec, nil)
	store, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: w.params, Unsafe: true, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w.store = store
	return w.join()
}

func (w *ward) clock() time.Time { return time.UnixMilli(w.now.Load()) }

// join is another server on the store.
func (w *ward) join() *ward {
	w.t.Helper()
	next := *w
	log := slog.New(slog.NewTextHandler(w.t.Output(), nil))
	enforcer := rules.New(w.store, nil)
	next.module = task.New(task.Config{Store: enforcer.Store(), Params: w.params, Now: w.clock, NewID: server.NewUUID, Log: log})
	var err error
	next.Server, err = server.New(server.Config{Store: w.store, Spec: w.spec, Params: w.params, Rules: enforcer, Modules: []fhir.Module{next.module}, Now: w.clock, Log: log})
	if err != nil {
		w.t.Fatal(err)
	}
	return &next
}

// send sends a request, in the name of w.who, and gives the status and the body.
func (w *ward) send(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://localhost/fhir/"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
		if method == "PATCH" {
			r.Header.Set("Content-Type", "application/json-patch+json")
		}
	}
	if w.who != nil {
		r = r.WithContext(smart.With(r.Context(), w.who))
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	var v map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &v)
	return rec.Code, v
}

// do demands a status.
func (w *ward) do(status int, method, path, body string) map[string]any {
	w.t.Helper()
	code, v := w.send(method, path, body)
	if code != status {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, code, status, text(v))
	}
	return v
}

// refuse demands a status and what the error is called.
func (w *ward) refuse(status int, detail, method, path, body string) string {
	w.t.Helper()
	v := w.do(status, method, path, body)
	if got := dig(v, "issue", 0, "details", "coding", 0, "code"); got != detail {
		w.t.Fatalf("%s %s: %v, want %s: %s", method, path, got, detail, text(v))
	}
	return text(v)
}

// put stores resources under the ids that they have.
func (w *ward) put(list ...string) {
	w.t.Helper()
	for _, resource := range list {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(resource), &r); err != nil {
			w.t.Fatal(err, resource)
		}
		if code, v := w.send("PUT", r.ResourceType+"/"+r.ID, resource); code > 201 {
			w.t.Fatalf("PUT %s/%s: %d %s", r.ResourceType, r.ID, code, text(v))
		}
	}
}

// status demands the status of a Task.
func (w *ward) status(want, id string) {
	w.t.Helper()
	if got := w.do(200, "GET", "Task/"+id, "")["status"]; got != want {
		w.t.Fatalf("Task/%s is %v, want %s", id, got, want)
	}
}

func (w *ward) drain() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if err := w.module.Drain(ctx); err != nil {
		w.t.Fatal(err)
	}
}

func dig(v any, path ...any) any {
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			name, _ := p.(string)
			v = x[name]
		case []any:
			i, ok := p.(int)
			if !ok || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

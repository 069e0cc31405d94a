package server_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
)

// sluggish is a module with an operation that creates a Patient and then waits until it is let go.
type sluggish struct {
	store  func() fhir.Store
	let    chan struct{}
	begun  chan struct{}
	refuse error
}

func (s *sluggish) Register(r *fhir.Registry) error {
	const definition = `{"resourceType":"OperationDefinition","id":"slow","url":"https://andiron.dev/fhir/OperationDefinition/slow","name":"Slow","status":"active","kind":"operation","code":"slow",
		"system":true,"type":false,"instance":false,"affectsState":true}`
	return r.Operation(definition, func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if s.refuse != nil {
			return nil, s.refuse
		}
		p, err := fhir.ParseResource(`{"resourceType":"Patient","id":"`+server.NewUUID()+`"}`, fhir.DefaultLimits())
		if err != nil {
			return nil, err
		}
		var version *fhir.Version
		err = s.store().Update(ctx, nil, func(tx fhir.Tx) (err error) {
			version, err = tx.Create(ctx, p)
			return err
		})
		if s.let != nil {
			s.begun <- struct{}{}
			select {
			case <-s.let:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return &fhir.Response{Resource: p, Version: version, Result: fhir.Created}, err
	})
}

func openSlow(t *testing.T, wait bool) (*hospital, *sluggish) {
	s := &sluggish{}
	if wait {
		s.let, s.begun = make(chan struct{}), make(chan struct{}, 8)
	}
	h := open(t, func(c *server.Config) {
		c.Modules = []fhir.Module{s}
		c.Rules = rulesOver(c.Store)
		s.store = c.Rules.Store
	})
	return h, s
}

func (h *hospital) total(t *testing.T) string {
	t.Helper()
	body := h.do("GET", "/Patient?_summary=count", "").Body.String()
	_, after, _ := strings.Cut(body, `"total":`)
	return after[:strings.IndexAny(after, ",}")]
}

func where(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	path, ok := strings.CutPrefix(w.Header().Get("Content-Location"), "http://localhost/fhir")
	if w.Code != 202 || !ok {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	return path
}

// ended waits for a job's end.
func (h *hospital) ended(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if w := h.do("GET", path, ""); w.Code != 202 {
			return w
		}
	}
	t.Fatal("the job does not end")
	return nil
}

// TestAsync: the answer to a request is fetched later, while it is carried out there is nothing of it, and it can be fetched again.
func TestAsync(t *testing.T) {
	h, s := openSlow(t, true)
	path := where(t, h.do("POST", "/$slow", "", "Prefer: respond-async"))
	<-s.begun
	if w := h.do("GET", path, ""); w.Code != 202 || w.Header().Get("X-Progress") == "" || w.Header().Get("Retry-After") == "" {
		t.Errorf("meanwhile: %d %v", w.Code, w.Header())
	}
	if n := h.total(t); n != "0" {
		t.Errorf("meanwhile there are %s Patients", n)
	}
	close(s.let)
	w := h.ended(t, path)
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"type":"batch-response"`) || !strings.Contains(body, `"status":"201 Created"`) || !strings.Contains(body, `"lastModified":"2`) || h.total(t) != "1" {
		t.Errorf("at last: %d %s, %s Patients", w.Code, body, h.total(t))
	}
	if w := h.ended(t, path); w.Code != 200 || h.total(t) != "1" {
		t.Errorf("again: %d", w.Code)
	}
	// A search, and a search that cannot be.
	w = h.ended(t, where(t, h.do("GET", "/Patient?_total=accurate", "", "Prefer: respond-async, handling=strict")))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"type":"searchset","total":1`) || !strings.Contains(body, `"status":"200 OK"`) {
		t.Errorf("a search: %d %s", w.Code, body)
	}
	w = h.ended(t, where(t, h.do("GET", "/Patient?nonsense=1", "", "Prefer: respond-async, handling=strict")))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"status":"400 Bad Request"`) || !strings.Contains(body, "OperationOutcome") {
		t.Errorf("a search that fails: %d %s", w.Code, body)
	}
	if w := h.do("DELETE", path, ""); w.Code != 202 {
		t.Errorf("to forget it: %d %s", w.Code, w.Body)
	}
	for _, p := range []string{path, "/$async-status?job=none"} {
		if w := h.do("GET", p, ""); w.Code != 404 {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
	s.let = nil
	s.refuse = fhir.NewOutcome(fhir.Transient, "not now")
	w = h.ended(t, where(t, h.do("POST", "/$slow", "", "Prefer: respond-async")))
	if !strings.Contains(w.Body.String(), `"status":"503 Service Unavailable"`) {
		t.Errorf("one that fails for the moment: %d %s", w.Code, w.Body)
	}
}

// TestAsyncCancel: what is cancelled changes nothing.
func TestAsyncCancel(t *testing.T) {
	h, s := openSlow(t, true)
	path := where(t, h.do("POST", "/$slow", "", "Prefer: respond-async"))
	<-s.begun
	if w := h.do("DELETE", path, ""); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := h.do("GET", path, ""); w.Code != 404 {
		t.Errorf("afterwards: %d", w.Code)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := h.Drain(ctx); err != nil || h.total(t) != "0" {
		t.Errorf("%v, %s Patients", err, h.total(t))
	}
}

// TestDryRun: an operation answers what it would, and changes nothing; with a key it can be asked again.
func TestDryRun(t *testing.T) {
	h, _ := openSlow(t, false)
	const dry = `{"resourceType":"Parameters","parameter":[{"name":"dry-run","valueBoolean":true}]}`
	for _, headers := range [][]string{nil, {"Idempotency-Key: k"}, {"Idempotency-Key: k"}} {
		w := h.do("POST", "/$slow", dry, headers...)
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, `"resourceType":"Patient"`) || !strings.Contains(body, `"code":"informational"`) || w.Header().Get("Location") != "" || h.total(t) != "0" {
			t.Errorf("%d %s, %s Patients", w.Code, body, h.total(t))
		}
	}
	for range 2 {
		if w := h.do("POST", "/$slow", "", "Idempotency-Key: wet"); w.Code != 201 || h.total(t) != "1" {
			t.Errorf("%d %s, %s Patients", w.Code, w.Body, h.total(t))
		}
	}
}

// TestAsyncIsTheCallers: nobody else learns of a job.
func TestAsyncIsTheCallers(t *testing.T) {
	h, _ := openSlow(t, false)
	path := where(t, h.do("POST", "/$slow", "", "Prefer: respond-async"))
	h.ended(t, path)
	for _, method := range []string{"GET", "DELETE"} {
		r := httptest.NewRequest(method, "http://localhost/fhir"+path, nil)
		r = r.WithContext(smart.With(r.Context(), &smart.Principal{Subject: "user:other", ClientID: "app"}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%s by somebody else: %d %s", method, w.Code, w.Body)
		}
	}
}

// TestAsyncInterrupted: of a job that no server is at any more it is said that nothing was changed.
func TestAsyncInterrupted(t *testing.T) {
	h := open(t)
	for lease, want := range map[time.Duration]string{time.Minute: "", -time.Second: `"code":"incomplete"`} {
		value := `{"Begun":"` + time.Now().Add(-time.Minute).Format(time.RFC3339) + `","Lease":"` + time.Now().Add(lease).Format(time.RFC3339Nano) + `","Caller":""}`
		err := h.store.Update(t.Context(), nil, func(tx fhir.Tx) error {
			return tx.Keep(t.Context(), &fhir.Record{Kind: "async-job", Key: "lost", Value: []byte(value)})
		})
		if err != nil {
			t.Fatal(err)
		}
		w := h.do("GET", "/$async-status?job=lost", "")
		if want == "" && w.Code != 202 || want != "" && (w.Code != 200 || !strings.Contains(w.Body.String(), want)) {
			t.Errorf("%v: %d %s", lease, w.Code, w.Body)
		}
	}
}

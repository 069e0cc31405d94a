package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
)

// rebuilding is a store whose index is being built anew.
type rebuilding struct {
	fhir.Store
	fhir.Indexer
	state fhir.IndexJobState
}

func (r *rebuilding) IndexJobs(context.Context) ([]fhir.IndexJob, error) {
	return []fhir.IndexJob{
		{Kind: fhir.IndexRepair, State: fhir.IndexRunning},
		{Kind: fhir.IndexRebuild, State: r.state, Types: []fhir.IndexProgress{{Type: "Patient", Done: 21, Total: 50}}},
	}, nil
}

// TestReadyWhileRebuilding: a server that has to refuse searches says so to whoever asks whether it is ready, and goes on
// answering requests.
func TestReadyWhileRebuilding(t *testing.T) {
	for state, want := range map[fhir.IndexJobState]int{fhir.IndexQueued: 503, fhir.IndexRunning: 503, fhir.IndexComplete: 200, fhir.IndexCancelled: 200} {
		h := open(t, func(c *server.Config) {
			c.Store = &rebuilding{Store: c.Store, Indexer: c.Store.(fhir.Indexer), state: state}
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/readyz", nil))
		if w.Code != want || want == 503 && !strings.Contains(w.Body.String(), "42 %") {
			t.Errorf("%s: %d %s", state, w.Code, w.Body)
		}
		if w := h.do("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`); w.Code != 201 {
			t.Errorf("%s: a write: %d", state, w.Code)
		}
	}
}

// TestServeIndexes: a server that serves works on the index without being asked to.
func TestServeIndexes(t *testing.T) {
	h := open(t)
	h.do("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","contact":[{"name":{"family":"Fox"}}]}`)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l) }()
	if w := h.do("PUT", "/SearchParameter/x", `{"resourceType":"SearchParameter","id":"x","url":"http://example.org/x","name":"x","status":"active","description":"x","code":"contact","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}`); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		w := h.do("GET", "/Patient?contact=fox", "", "Prefer: handling=strict")
		if w.Code == 200 && strings.Contains(w.Body.String(), `"total":1`) {
			break
		}
		if w.Code != 400 || time.Now().After(deadline) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

package server_test

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
)

// relay is a worker with the work of a chain: it writes a resource for each of what is due, one a pass.
type relay struct {
	store   fhir.Store
	left    atomic.Int64
	runs    atomic.Int64
	stopped atomic.Bool
	failing error
}

func (r *relay) Register(registry *fhir.Registry) error { registry.Work(r); return nil }

func (r *relay) Run(ctx context.Context) {
	if !smart.From(ctx).IsServer() {
		panic("whose work is it?")
	}
	if r.runs.Add(1) == 1 {
		panic("a bug")
	}
	<-ctx.Done()
	time.Sleep(10 * time.Millisecond) // something to put away
	r.stopped.Store(true)
}

func (r *relay) Drain(ctx context.Context) error {
	if r.failing != nil || r.left.Load() == 0 {
		return r.failing
	}
	r.left.Add(-1)
	return r.store.Update(ctx, nil, func(tx fhir.Tx) error {
		p, err := fhir.ParseResource(`{"resourceType":"Patient"}`, fhir.DefaultLimits())
		if err == nil {
			_, err = tx.Create(ctx, p.WithID(server.NewUUID()))
		}
		return err
	})
}

// TestWork: workers run beside requests, again after they have broken down, and have ended when Serve returns.
func TestWork(t *testing.T) {
	w := &relay{}
	h := open(t, func(c *server.Config) { c.Modules = []fhir.Module{w} })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l) }()
	for deadline := time.Now().Add(5 * time.Second); w.runs.Load() < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a worker that broke down was not run again")
		}
	}
	stop()
	if err := <-done; err != nil || !w.stopped.Load() {
		t.Errorf("%v; the worker has ended: %v", err, w.stopped.Load())
	}
	if log := h.log.String(); !strings.Contains(log, "a worker broke down") || strings.Contains(log, "a bug") {
		t.Errorf("the log: %s", log)
	}
}

// TestDrain: it goes on as long as anything comes of it.
func TestDrain(t *testing.T) {
	w, clock := &relay{}, &server.Clock{}
	h := open(t, func(c *server.Config) { c.Modules, c.Clock, w.store = []fhir.Module{w}, clock, c.Store })
	w.left.Store(3)
	call := func() int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("POST", "http://localhost/_test/drain", nil))
		return rec.Code
	}
	if code := call(); code != 200 || w.left.Load() != 0 {
		t.Errorf("%d, %d left", code, w.left.Load())
	}
	w.failing = errors.New("broken")
	if code := call(); code != 503 {
		t.Errorf("a worker that cannot: %d", code)
	}
}

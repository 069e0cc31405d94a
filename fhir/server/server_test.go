package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// hospital is a server on an empty store, with its log.
type hospital struct {
	*server.Server
	store fhir.Store
	log   *logBuffer
}

// open starts a server; configure may change what it is made of.
func open(t testing.TB, configure ...func(*server.Config)) *hospital {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	config := server.Config{Spec: spec, Params: search.NewParams(spec, nil)}
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: config.Params, Unsafe: true})
	t.Cleanup(func() { _ = store.Close() })
	h := &hospital{store: store, log: &logBuffer{}}
	config.Store, config.Log = store, slog.New(slog.NewJSONHandler(h.log, nil))
	for _, c := range configure {
		c(&config)
	}
	if h.Server, err = server.New(config); err != nil {
		t.Fatal(err)
	}
	return h
}

// do sends a request to a path below the base. Headers are "Name: value".
func (h *hospital) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/fhir"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestReady(t *testing.T) {
	h := open(t)
	ready := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/readyz", nil))
		return w.Code
	}
	if got := ready(); got != 200 {
		t.Errorf("with a store: %d", got)
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ready(); got != 503 {
		t.Errorf("without a store: %d", got)
	}
}

func TestHosts(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Hosts = server.LoopbackHosts("fhir.example.org") })
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200, "fhir.example.org": 200,
		"evil.example.org": 403, "localhost.evil.example.org": 403, "": 403, "127.0.0.1.nip.io:8080": 403,
	} {
		r := httptest.NewRequest("GET", "http://localhost/fhir/metadata", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:0": true, "[::1]:80": true, "127.9.9.9:1": true,
		"0.0.0.0:8080": false, ":8080": false, "192.168.1.1:80": false, "example.org:80": false, "127.0.0.1": false, "[::]:80": false,
	} {
		if got := server.Loopback(addr); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

func TestNewUUID(t *testing.T) {
	a, b := server.NewUUID(), server.NewUUID()
	if !fhir.ValidID(a) || len(a) != 36 || a[14] != '7' || a >= b {
		t.Errorf("%s, %s: want time-ordered UUIDs of version 7", a, b)
	}
}

// TestMetadataOfManyBases: whoever asks under ever new host names must not fill the memory.
func TestMetadataOfManyBases(t *testing.T) {
	h := open(t)
	for _, host := range strings.Split("a b c d e f g h i j k l m n o p q r a", " ") {
		r := httptest.NewRequest("GET", "http://"+host+"/fhir/metadata?_elements=implementation", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"url":"http://`+host+`/fhir"`) {
			t.Fatalf("%s: %d %s", host, w.Code, w.Body)
		}
	}
}

// badModule cannot be registered.
type badModule struct{}

func (badModule) Register(*fhir.Registry) error { return errors.New("no") }

func TestModuleThatFails(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(server.Config{Spec: spec, Params: search.NewParams(spec, nil), Modules: []fhir.Module{badModule{}}}); err == nil {
		t.Error("the server starts with a module that failed")
	}
	if _, err := server.New(server.Config{Spec: spec, Params: search.NewParams(spec, nil), PageKey: []byte("short")}); err == nil {
		t.Error("the server starts with a bad key")
	}
}

// slow holds requests until it is told to go on.
type slow struct{ entered, release chan struct{} }

func (s slow) Register(r *fhir.Registry) error {
	r.Handle(fhir.Operation, func(context.Context, *fhir.Request) (*fhir.Response, error) {
		close(s.entered)
		<-s.release
		return &fhir.Response{Result: fhir.NoContent}, nil
	})
	return nil
}

// TestServe: a server that stops lets the requests that it has taken finish.
func TestServe(t *testing.T) {
	s := slow{make(chan struct{}), make(chan struct{})}
	h := open(t, func(c *server.Config) { c.Modules = []fhir.Module{s} })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan int, 1)
	go func() { served <- h.Serve(ctx, l) }()
	go func() {
		resp, err := http.Post("http://"+l.Addr().String()+"/fhir/$slow", "application/fhir+json", nil)
		if err != nil {
			answered <- 0
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-s.entered
	stop()
	time.Sleep(20 * time.Millisecond)
	close(s.release)
	if got := <-answered; got != 204 {
		t.Errorf("the request that was running: %d", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		t.Error("the server still listens")
	}
}

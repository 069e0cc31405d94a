package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
)

// trouble is an authority that lets nobody in, and whose pages break.
type trouble struct{}

func (trouble) Authenticate(context.Context, *http.Request) (*smart.Principal, error) {
	return nil, fhir.InvalidToken("the access token is not valid")
}
func (trouble) MayCall(context.Context, string) bool { return false }
func (trouble) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/late" {
			_, _ = io.WriteString(w, "half of")
		}
		if r.URL.Path != "/auth/fine" {
			panic(canary)
		}
	})
}

func TestPanicBesideTheBase(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Authority = trouble{} })
	send := func(path, address string) (w *httptest.ResponseRecorder, cut bool) {
		r := httptest.NewRequest("POST", "http://localhost"+path, nil)
		r.RemoteAddr = address
		w = httptest.NewRecorder()
		defer func() { cut = recover() == http.ErrAbortHandler }()
		h.ServeHTTP(w, r)
		return w, false
	}
	if w, cut := send("/auth/token", "127.0.0.1:1"); cut || w.Code != 500 || !strings.Contains(w.Body.String(), `"server_error"`) || strings.Contains(w.Body.String(), canary) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, cut := send("/auth/late", "127.0.0.1:1"); !cut {
		t.Error("half of an answer is taken for the whole")
	}
	if log := h.log.String(); strings.Contains(log, canary) || strings.Count(log, `"msg":"panic"`) != 2 || !strings.Contains(log, "front_test.go") && !strings.Contains(log, "trouble") {
		t.Errorf("log: %s", log)
	}
	codes := map[int]int{}
	for range 1200 {
		w, _ := send("/auth/fine", "[2001:db8::1]:1")
		codes[w.Code]++
		if w.Code == 429 && w.Header().Get("Retry-After") == "" {
			t.Fatal("no Retry-After")
		}
	}
	if codes[200] < 1000 || codes[429] == 0 {
		t.Errorf("%v", codes)
	}
	if w, _ := send("/auth/fine", "[2001:db8::2]:1"); w.Code != 429 {
		t.Errorf("a neighbour: %d", w.Code)
	}
	if w, _ := send("/auth/fine", "192.0.2.1:1"); w.Code != 200 {
		t.Errorf("another address: %d", w.Code)
	}
}

// TestGuessing: who shows wrong tokens without end is slowed down, and only they.
func TestGuessing(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Authority = trouble{} })
	codes := map[int]int{}
	for range 1300 {
		codes[h.do("GET", "/Patient/a", "", "Authorization: Bearer wrong").Code]++
	}
	if codes[401] < 1000 || codes[429] == 0 {
		t.Errorf("%v", codes)
	}
	for range 1300 {
		if w := h.do("GET", "/Patient/a", ""); w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer realm=") {
			t.Fatalf("without a token: %d", w.Code)
		}
	}
}

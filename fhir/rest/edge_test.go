package rest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"
)

// edge serves handler on a router, with its log.
func edge(handler fhir.HandlerFunc, configure ...func(*rest.Edge)) (http.Handler, *bytes.Buffer) {
	log := &bytes.Buffer{}
	now := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	e := &rest.Edge{
		Handler: handler, Path: "/fhir", NewID: func() string { return "made-here" }, Now: func() time.Time { return now },
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	for _, c := range configure {
		c(e)
	}
	router := echo.New()
	e.Mount(router)
	return router, log
}

// patient is a stored resource with a body of about n bytes.
func patient(t testing.TB, n int) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"a","name":[{"text":"`+strings.Repeat("x", n)+`"}]}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r.WithVersion("1", time.Date(2024, 5, 1, 10, 0, 0, 0, time.FixedZone("", 7200)))
}

func send(h http.Handler, method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/fhir"+target, body)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// nothing answers every request with 204.
func nothing(context.Context, *fhir.Request) (*fhir.Response, error) {
	return &fhir.Response{Result: fhir.NoContent}, nil
}

func compressed(text string) io.Reader {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return &b
}

// endless never ends, and says nothing of its length.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestBodyLimits(t *testing.T) {
	h, _ := edge(nothing, func(e *rest.Edge) {
		e.Limits = rest.Limits{Resource: fhir.Limits{Bytes: 1000}, Bundle: fhir.Limits{Bytes: 3000}, Query: 50}
	})
	body := func(n int) string {
		return `{"resourceType":"Patient","id":"` + strings.Repeat("a", n) + `"}`
	}
	bundle := `{"resourceType":"Bundle","type":"batch"` + strings.Repeat(" ", 2000) + `}`
	flood := &endless{}
	for _, test := range []struct {
		name, method, target string
		body                 io.Reader
		headers              string
		want                 int
	}{
		{"a resource that fits", "POST", "/Patient", strings.NewReader(body(60)), "", 204},
		{"one that does not", "POST", "/Patient", strings.NewReader(strings.Repeat(" ", 1001)), "", 413},
		{"a stream without end", "POST", "/Patient", flood, "", 413},
		{"a patch that does not fit", "PATCH", "/Patient/a", strings.NewReader(strings.Repeat(" ", 1001)), "", 413},
		{"a Binary that does not fit", "POST", "/Binary", strings.NewReader(strings.Repeat(" ", 1001)), "Content-Type: text/plain", 413},
		{"a Bundle may be larger", "POST", "/", strings.NewReader(bundle), "", 204},
		{"but not without bound", "POST", "/", strings.NewReader(bundle + strings.Repeat(" ", 2000)), "", 413},
		{"compressed, it fits", "POST", "/Patient", compressed(body(60) + strings.Repeat(" ", 800)), "Content-Encoding: gzip", 204},
		{"a bomb", "POST", "/Patient", compressed(strings.Repeat(" ", 10<<20)), "Content-Encoding: gzip", 413},
		{"a bomb in a form", "POST", "/Patient/_search", compressed(strings.Repeat("a", 10<<20)), "Content-Encoding: gzip", 413},
		{"half a gzip", "POST", "/Patient", io.LimitReader(compressed(body(60)), 30), "Content-Encoding: gzip", 400},
		{"a long query", "GET", "/Patient?name=" + strings.Repeat("x", 50), nil, "", 414},
		{"a query that fits", "GET", "/Patient?name=" + strings.Repeat("x", 45), nil, "", 204},
	} {
		headers := []string{"Content-Type: application/fhir+json"}
		if strings.Contains(test.target, "_search") {
			headers = []string{"Content-Type: application/x-www-form-urlencoded"}
		}
		if test.headers != "" {
			headers = append(headers, test.headers)
		}
		if w := send(h, test.method, test.target, test.body, headers...); w.Code != test.want {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
	if flood.read > 100_000 {
		t.Errorf("%d bytes were read of a body that may have 1000", flood.read)
	}
}

func TestCompression(t *testing.T) {
	large := patient(t, 5000)
	h, _ := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) {
		return &fhir.Response{Resource: large}, nil
	})
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.0": "", "br": "", "deflate, gzip": "gzip", "GZIP": "gzip", "identity": "", "*": "",
	} {
		w := send(h, "GET", "/Patient/a", nil, "Accept-Encoding: "+accept)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding %q, want %q", accept, got, want)
		}
		text := w.Body.String()
		if want == "gzip" {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			plain, _ := io.ReadAll(z)
			text = string(plain)
		}
		if text != string(large.JSON()) {
			t.Errorf("Accept-Encoding %q: the text differs", accept)
		}
	}
	if w := send(h, "HEAD", "/Patient/a", nil, "Accept-Encoding: gzip"); w.Body.Len() > 0 || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
}

// TestLastModified: HTTP dates are in GMT, wherever the server stands.
func TestLastModified(t *testing.T) {
	h, _ := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) {
		return &fhir.Response{Resource: patient(t, 1)}, nil
	})
	w := send(h, "GET", "/Patient/a", nil)
	if got := w.Header().Get("Last-Modified"); got != "Wed, 01 May 2024 08:00:00 GMT" {
		t.Errorf("Last-Modified: %s", got)
	}
}

func TestErrorHeaders(t *testing.T) {
	busy := fhir.NewOutcome(fhir.LockError, "busy")
	busy.RetryAfter = 1500 * time.Millisecond
	h, log := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) {
		return nil, busy.WithCause(errors.New("why"))
	})
	w := send(h, "GET", "/Patient/a", nil)
	if w.Code != 503 || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if !strings.Contains(log.String(), `"cause":"why"`) {
		t.Errorf("the log does not say why: %s", log)
	}
}

// TestPanic: whatever happens inside, the client gets an answer and the log a place.
func TestPanic(t *testing.T) {
	h, log := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) { panic("Ann Hall, 1980") })
	w := send(h, "GET", "/Patient/a", nil)
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"diagnostics":"request made-here"`) || strings.Contains(w.Body.String(), "Ann") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "TestPanic") || strings.Contains(log.String(), "Ann") {
		t.Errorf("log: %s", log)
	}
}

// TestPanicTooLate: when half of the answer is on its way, the connection is cut instead.
func TestPanicTooLate(t *testing.T) {
	for name, handler := range map[string]fhir.HandlerFunc{
		"abort": func(context.Context, *fhir.Request) (*fhir.Response, error) { panic(http.ErrAbortHandler) },
		"late": func(context.Context, *fhir.Request) (*fhir.Response, error) {
			return &fhir.Response{Resource: patient(t, 1)}, nil
		},
	} {
		h, log := edge(handler)
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("%s: recovered %v", name, got)
				}
			}()
			h.ServeHTTP(brokenWriter{httptest.NewRecorder()}, httptest.NewRequest("GET", "http://localhost/fhir/Patient/a", nil))
		}()
		if name == "late" && !strings.Contains(log.String(), `"issues":"exception"`) {
			t.Errorf("%s: log %s", name, log)
		}
	}
}

type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { panic("broken") }

// TestLog: one record for each request, with what happened and nothing of what was said.
func TestLog(t *testing.T) {
	h, log := edge(func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.ID == "missing" {
			return nil, &fhir.Outcome{Issues: []fhir.Issue{{Code: fhir.NotFound}, {Code: fhir.NotFound}, {Code: fhir.Value}}}
		}
		return &fhir.Response{Resource: patient(t, 1)}, nil
	}, func(e *rest.Edge) {
		e.Known = func(req *fhir.Request) bool { return req.Type == "Patient" && req.Operation != "Ann" }
	})
	for _, test := range []struct{ method, target, want string }{
		{"GET", "/Patient/Ann", `"request":"made-here","method":"GET","interaction":"read","type":"Patient","status":200,"bytes":`},
		{"GET", "/Patient?name=Ann", `"interaction":"search-type","type":"Patient","status":200`},
		{"GET", "/Patient/missing", `"ms":0,"client":"192.0.2.1","issues":"not-found,value"`},
		{"GET", "/Ann/1", `"interaction":"read","status":200`},
		{"POST", "/Patient/$Ann", `"interaction":"operation","status":200`},
		{"POST", "/Patient/$match", `"interaction":"operation","type":"Patient","operation":"match","status":200`},
		{"ANN", "/Patient/1", `"method":"other","status":405`},
		{"GET", "/ann", `"method":"GET","status":404`},
	} {
		log.Reset()
		send(h, test.method, test.target, nil)
		line := log.String()
		if strings.Count(line, "\n") != 1 || strings.Contains(line, "Ann") || strings.Contains(line, "ANN") {
			t.Errorf("%s %s: %s", test.method, test.target, line)
		}
		if !strings.Contains(line, test.want) {
			t.Errorf("%s %s: %s does not hold %s", test.method, test.target, line, test.want)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	h, _ := edge(func(ctx context.Context, _ *fhir.Request) (*fhir.Response, error) {
		<-ctx.Done()
		return nil, fhir.NewOutcome(fhir.Timeout, "too slow").WithCause(ctx.Err())
	}, func(e *rest.Edge) { e.Limits.Time = 5 * time.Millisecond })
	if w := send(h, "GET", "/Patient/a", nil); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEmptyOutcome(t *testing.T) {
	h, _ := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) { return nil, &fhir.Outcome{} })
	if w := send(h, "GET", "/Patient/a", nil); w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"exception"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// BenchmarkRead is what the edge costs on top of a read from the store.
func BenchmarkRead(b *testing.B) {
	r := patient(b, 300)
	h, _ := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) { return &fhir.Response{Resource: r}, nil }, func(e *rest.Edge) {
		e.Log = slog.New(slog.DiscardHandler)
	})
	request := httptest.NewRequest("GET", "http://localhost/fhir/Patient/a", nil)
	request.Header.Set("Accept", "application/fhir+json")
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, request)
	}
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

package smart_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"andiron.dev/fhir/server"
	"andiron.dev/smart"
)

// BenchmarkRead is a point read through the whole server but the socket, and with it: what the guard adds is to stay below 15 % of a
// read over HTTP.
func BenchmarkRead(b *testing.B) {
	for _, how := range []struct {
		name string
		who  *smart.Principal
	}{
		{"unguarded", nil},
		{"system", backend(b, "system/*.cruds")},
		{"user", doctor(b, "user/*.rs")},
		{"patient", patient(b, "a", "patient/*.rs openid fhirUser")},
		{"constrained", patient(b, "a", "patient/Observation.rs?category=laboratory")},
	} {
		h := open(b, func(c *server.Config) {
			if how.who == nil {
				c.Guard = nil
			}
		})
		if how.who == nil {
			h.load(b)
		} else {
			h.put(records()...)
		}
		serve := func(w http.ResponseWriter, r *http.Request) {
			if how.who != nil {
				r = r.WithContext(smart.With(r.Context(), how.who))
			}
			h.server.ServeHTTP(w, r)
		}
		b.Run("handler/"+how.name, func(b *testing.B) {
			b.ReportAllocs()
			defer processor(b)()
			r := httptest.NewRequest("GET", base+"/Observation/oa", nil)
			for b.Loop() {
				w := httptest.NewRecorder()
				if serve(w, r); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
		b.Run("http/"+how.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			s := &http.Server{Handler: http.HandlerFunc(serve), ReadHeaderTimeout: time.Second}
			go func() { _ = s.Serve(l) }()
			defer func() { _ = s.Close() }()
			url := fmt.Sprintf("http://%s/fhir/Observation/oa", l.Addr())
			defer processor(b)()
			for b.Loop() {
				resp, err := http.Get(url)
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(err, resp)
				}
				_, _ = resp.Body.Read(make([]byte, 8192))
				_ = resp.Body.Close()
			}
		})
	}
}

// load stores the records where there is no guard.
func (h *house) load(b *testing.B) {
	b.Helper()
	h.t = b
	h.put(records()...)
}

// BenchmarkSearch is a search of a page with and without filters.
func BenchmarkSearch(b *testing.B) {
	h := open(b)
	h.put(records()...)
	for i := range 300 {
		h.put(fmt.Sprintf(`Observation/n%d {"status":"final","code":{"coding":[{"code":"n"}]},"subject":{"reference":"Patient/%c"}}`, i, 'a'+i%3))
	}
	for name, p := range map[string]*smart.Principal{"system": backend(b, "system/*.cruds"), "user": doctor(b, "user/*.rs"), "patient": patient(b, "a", "patient/*.rs")} {
		b.Run(name, func(b *testing.B) {
			ctx := smart.With(context.Background(), p)
			r := httptest.NewRequest("GET", base+"/Observation?code=n&_count=20", nil).WithContext(ctx)
			for b.Loop() {
				w := httptest.NewRecorder()
				if h.server.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// processor reports the time that the processors have spent on an operation: what a machine with other work on it can tell.
func processor(b *testing.B) (report func()) {
	spent := func() int64 {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := spent()
	return func() { b.ReportMetric(float64(spent()-before)/float64(b.N), "cpu-ns/op") }
}

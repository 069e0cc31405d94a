package audit_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
	"github.com/labstack/echo/v4"
)

// listen puts the pipeline behind HTTP, with everybody being the doctor.
func (h *hospital) listen() http.Handler {
	e := echo.New()
	edge := &rest.Edge{Path: "/fhir", NewID: server.NewUUID, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Handler: fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
			if h.who != nil {
				ctx = smart.With(ctx, h.who)
			}
			return h.top.Serve(ctx, req)
		})}
	edge.Mount(e)
	return e
}

// BenchmarkRead reads a resource over and over, audited (somebody) and not (nobody): by a call, and through the HTTP edge without a
// network. Run it with -cpu 1,2.
func BenchmarkRead(b *testing.B) {
	for _, test := range []struct {
		name string
		who  *smart.Principal
	}{{"nobody", nil}, {"somebody", doctor()}} {
		b.Run("call/"+test.name, func(b *testing.B) {
			h := open(b)
			h.ward()
			h.who = test.who
			ctx := b.Context()
			if h.who != nil {
				ctx = smart.With(ctx, h.who)
			}
			began := spent(b)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					req := &fhir.Request{Interaction: fhir.Read, Type: "Observation", ID: "o1", Base: base}
					if _, err := h.top.Serve(ctx, req); err != nil {
						b.Error(err)
					}
				}
			})
			h.finish(b, began)
		})
		b.Run("http/"+test.name, func(b *testing.B) {
			h := open(b)
			h.ward()
			h.who = test.who
			l := httptest.NewServer(h.listen())
			defer l.Close()
			l.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 64
			b.SetParallelism(8)
			began := spent(b)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					resp, err := l.Client().Get(l.URL + "/fhir/Observation/o1")
					if err != nil || resp.StatusCode != http.StatusOK {
						b.Fatal(err)
					}
					_ = resp.Body.Close()
				}
			})
			h.finish(b, began)
		})
	}
}

// finish waits for the events: they belong to what the reads cost. What it reports does not depend on what else the machine does.
func (h *hospital) finish(b *testing.B, began int64) {
	if err := h.trail.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(spent(b)-began)/float64(b.N), "cpu-ns/op")
}

// spent is the processor time of this process so far, in nanoseconds.
func spent(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkWrite creates resources, audited and not.
func BenchmarkWrite(b *testing.B) {
	for name, who := range map[string]*smart.Principal{"nobody": nil, "somebody": doctor()} {
		b.Run(name, func(b *testing.B) {
			h := open(b)
			h.who = who
			for b.Loop() {
				h.must("POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
			}
		})
	}
}

package bench_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/bench"
)

// measured runs and wants a report, whatever the verdict.
func measured(t *testing.T, cfg bench.Config) *bench.Report {
	t.Helper()
	report, err := bench.Run(context.Background(), cfg, io.Discard)
	if report == nil {
		t.Fatal(err)
	}
	return report
}

// reads counts reads of a resource and lets each wait as told.
func (f *fakeServer) reads(wait func(n int64) time.Duration) *atomic.Int64 {
	var n atomic.Int64
	f.first = func(_ http.ResponseWriter, req *http.Request) bool {
		if strings.HasPrefix(req.URL.Path, "/Patient/") {
			time.Sleep(wait(n.Add(1)))
		}
		return false
	}
	return &n
}

func atOnce(int64) time.Duration { return 0 }

func TestIterations(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	n := f.reads(atOnce)
	cfg := small(f, "read", 25)
	cfg.VUs = 4
	r := measured(t, cfg)
	if r.Total.Requests != 25 || r.Iterations.Count != 25 || n.Load() != 25 || r.Total.Succeeded != 25 || r.Total.BytesReceived < 25*100 {
		t.Errorf("%d requests seen, report %+v", n.Load(), r)
	}
	cfg.Workload, cfg.Iterations = "crud", 3
	r = measured(t, cfg)
	if r.Iterations.Count != 3 || r.Total.Requests != 3*36 {
		t.Errorf("3 iterations of crud are %d, %d requests", r.Iterations.Count, r.Total.Requests)
	}
	for _, k := range r.Kinds {
		if k.Requests != 3 || k.Errors != 0 {
			t.Errorf("%+v", k)
		}
	}
	for key := range f.versions {
		if strings.HasPrefix(key, "Claim/") && f.current(key) != nil {
			t.Errorf("%s was left behind", key)
		}
	}
}

func TestPercentiles(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	f.reads(func(n int64) time.Duration {
		if n%10 == 0 {
			return 200 * time.Millisecond
		}
		return 10 * time.Millisecond
	})
	cfg := small(f, "read", 100)
	cfg.VUs, cfg.Check = 8, 0
	l := measured(t, cfg).Total.Latency
	for name, c := range map[string]struct{ got, low, high float64 }{
		"p50": {l.P50, 10, 150}, "p95": {l.P95, 200, 1000}, "p99": {l.P99, 200, 2000}, "max": {l.Max, 200, 5000}, "mean": {l.Mean, 29, 200},
	} {
		if c.got < c.low || c.got > c.high {
			t.Errorf("%s is %.3f ms, want %g to %g", name, c.got, c.low, c.high)
		}
	}
	if l.P50 > l.P90 || l.P90 > l.P95 || l.P95 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
		t.Errorf("percentiles fall: %+v", l)
	}
}

// TestCoordinatedOmission: a server that stalls once for 250 of 600 ms. The closed model waits with it and sees one slow
// request; in the open model everybody who came meanwhile waited.
func TestCoordinatedOmission(t *testing.T) {
	stall := func(n int64) time.Duration {
		if n == 20 {
			return 250 * time.Millisecond
		}
		return 0
	}
	f := startFake(t, "")
	f.patients(5)
	f.reads(stall)
	cfg := small(f, "read", 0)
	cfg.VUs, cfg.Duration, cfg.Check = 1, 600*time.Millisecond, 0
	if closed := measured(t, cfg); closed.Total.Latency.P90 > 100 || closed.Model != "closed" {
		t.Errorf("closed: %+v", closed.Total.Latency)
	}
	f.reads(stall)
	cfg.Rate = 100
	open := measured(t, cfg)
	if open.Model != "open" || open.Iterations.Late < 15 || open.Total.Latency.P90 < 100 || open.Total.Latency.P50 > 150 {
		t.Errorf("open: %d late, %+v", open.Iterations.Late, open.Total.Latency)
	}
	if n := open.Iterations.Count + open.Iterations.Dropped; n < 59 || n > 61 || open.Generator.Pacing == nil {
		t.Errorf("open: %d iterations of 60, pacing %+v", n, open.Generator.Pacing)
	}
}

func TestDropped(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	f.reads(func(int64) time.Duration { return 50 * time.Millisecond })
	cfg := small(f, "read", 0)
	cfg.VUs, cfg.Duration, cfg.Rate = 1, 500*time.Millisecond, 200
	r := measured(t, cfg)
	if r.Iterations.Dropped < 80 || r.Iterations.Count+r.Iterations.Dropped != 100 || r.Total.Requests != r.Iterations.Count {
		t.Errorf("%+v, %d requests", r.Iterations, r.Total.Requests)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "--rate 200") {
		t.Errorf("notes %q", r.Notes)
	}
}

func TestWarmup(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	begin := time.Now()
	n := f.reads(func(int64) time.Duration {
		if time.Since(begin) < 100*time.Millisecond {
			return 150 * time.Millisecond
		}
		return time.Millisecond
	})
	for _, rate := range []float64{0, 200} {
		begin = time.Now()
		n.Store(0)
		cfg := small(f, "read", 0)
		cfg.Warmup, cfg.Duration, cfg.Rate, cfg.VUs = 300*time.Millisecond, 300*time.Millisecond, rate, 4
		r := measured(t, cfg)
		if n.Load() <= r.Total.Requests || r.Total.Requests == 0 || r.Total.Latency.P90 > 140 || r.Elapsed < 0.3 || r.Elapsed > 2 {
			t.Errorf("rate %g: %d requests sent, report %+v", rate, n.Load(), r)
		}
		if rps := float64(r.Total.Requests) / r.Elapsed; rps < r.Total.RequestsPerSecond*0.99 || rps > r.Total.RequestsPerSecond*1.01 {
			t.Errorf("rate %g: %g requests a second, reported %g", rate, rps, r.Total.RequestsPerSecond)
		}
	}
}

func TestErrorsAreCounted(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	var n atomic.Int64
	f.first = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasPrefix(req.URL.Path, "/Patient/") {
			return false
		}
		switch n.Add(1) % 4 {
		case 1:
			answer(w, 503, object{"resourceType": "OperationOutcome", "issue": []any{object{"details": object{"text": "too busy"}}}})
		case 2:
			time.Sleep(300 * time.Millisecond)
		case 3:
			panic(http.ErrAbortHandler)
		default:
			return false
		}
		return true
	}
	cfg := small(f, "read", 40)
	cfg.VUs, cfg.Timeout = 4, 100*time.Millisecond
	r := measured(t, cfg)
	got := map[string]int64{}
	for _, e := range r.Kinds[0].ErrorKinds {
		got[e.Reason] = e.Count
		if e.Reason == "HTTP 503" && (!strings.Contains(e.Example, "too busy") || !strings.HasPrefix(e.Example, "GET /Patient/id-")) {
			t.Errorf("example %q", e.Example)
		}
	}
	// A read on a connection that broke is sent once more, which moves the pattern: the kinds are certain, their numbers are not.
	if r.Total.Requests != 40 || r.Total.Errors+r.Total.Succeeded != 40 || got["HTTP 503"] < 5 || got["timeout"] < 5 || r.Total.Wrong != 0 {
		t.Errorf("%v, %+v", got, r.Total)
	}
}

func TestSeed(t *testing.T) {
	bodies := func(s uint64) map[string]int {
		f := startFake(t, "")
		cfg := small(f, "transaction", 40)
		cfg.Seed, cfg.VUs = s, 1
		measured(t, cfg)
		return f.bodies
	}
	one, again, other := bodies(1), bodies(1), bodies(2)
	if !maps.Equal(one, again) {
		t.Error("the same seed sends other bodies")
	}
	if len(one) != 40 {
		t.Errorf("40 iterations sent %d different bodies", len(one))
	}
	for body := range other {
		if one[body] > 0 {
			t.Error("another seed sends the same body")
		}
	}
	f := startFake(t, "")
	cfg := small(f, "crud", 6)
	cfg.VUs = 6
	measured(t, cfg)
	for body, n := range f.bodies {
		if n > 1 {
			t.Errorf("a body was sent %d times: %.100s", n, body)
		}
	}
}

func TestCompressed(t *testing.T) {
	f := startFake(t, "")
	plain := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Accept-Encoding") != "gzip" {
			plain.ServeHTTP(w, req)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		defer zip.Close()
		plain.ServeHTTP(zipped{w, zip}, req)
	})
	for _, lie := range []string{"", "other id"} {
		f.lie = lie
		cfg := small(f, "crud", 5)
		cfg.Encoding = "auto"
		r := measured(t, cfg)
		if (r.Total.Wrong > 0) != (lie != "") || r.Total.Errors > 0 {
			t.Errorf("lie %q: %+v", lie, r.Total)
		}
	}
}

type zipped struct {
	http.ResponseWriter
	to io.Writer
}

func (z zipped) Write(text []byte) (int, error) { return z.to.Write(text) }

func TestInterrupted(t *testing.T) {
	f := startFake(t, "")
	f.patients(5)
	f.reads(func(int64) time.Duration { return 20 * time.Millisecond })
	for _, rate := range []float64{0, 50} {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		cfg := small(f, "read", 0)
		cfg.Duration, cfg.Rate = time.Minute, rate
		var out strings.Builder
		r, err := bench.Run(ctx, cfg, &out)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || r == nil || r.Total.Succeeded == 0 || r.Total.Errors != 0 || r.Elapsed > 5 || out.Len() == 0 {
			t.Errorf("rate %g: %v, %+v", rate, err, r)
		}
	}
}

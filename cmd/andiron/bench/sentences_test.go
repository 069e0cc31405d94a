package bench_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/bench"
)

// TestSentences: what goes wrong before the run says what to do about it.
func TestSentences(t *testing.T) {
	status := func(status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", "https://elsewhere/fhir")
			w.WriteHeader(status)
			return true
		}
	}
	says := func(text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, text); return true }
	}
	for name, c := range map[string]struct {
		change func(f *fakeServer, cfg *bench.Config)
		want   []string
	}{
		"gone":       {func(f *fakeServer, _ *bench.Config) { f.Close() }, []string{"cannot be reached (connection refused)", "is the server running?"}},
		"no URL":     {func(_ *fakeServer, cfg *bench.Config) { cfg.Server = "localhost:8080" }, []string{"http://localhost:8080/fhir"}},
		"token":      {func(f *fakeServer, _ *bench.Config) { f.first = status(401) }, []string{"401", "--token"}},
		"not FHIR":   {func(f *fakeServer, _ *bench.Config) { f.first = status(404) }, []string{"HTTP 404", "FHIR base"}},
		"a web page": {func(f *fakeServer, _ *bench.Config) { f.first = says("<html>") }, []string{"no CapabilityStatement"}},
		"redirect":   {func(f *fakeServer, _ *bench.Config) { f.first = status(308) }, []string{"https://elsewhere/fhir", "--server"}},
		"R5": {func(f *fakeServer, _ *bench.Config) {
			f.first = says(`{"resourceType":"CapabilityStatement","fhirVersion":"5.0.0"}`)
		}, []string{"FHIR 5.0.0", "R4"}},
		"empty":        {func(*fakeServer, *bench.Config) {}, []string{"no Patient", "load data first"}},
		"empty search": {func(_ *fakeServer, cfg *bench.Config) { cfg.Workload = "search" }, []string{"no Patient", "load data first"}},
		"no Bundles": {func(_ *fakeServer, cfg *bench.Config) { cfg.Workload, cfg.Data = "load", t.TempDir() },
			[]string{"has no Bundles", "--data"}},
		"no folder": {func(_ *fakeServer, cfg *bench.Config) { cfg.Workload, cfg.Data = "load", "/nowhere" }, []string{"--data"}},
		"not a Bundle": {func(_ *fakeServer, cfg *bench.Config) {
			cfg.Workload, cfg.Data = "load", t.TempDir()
			_ = os.WriteFile(filepath.Join(cfg.Data, "a.json"), []byte(`{"resourceType":"Patient"}`), 0o600)
		}, []string{"a.json is no transaction Bundle"}},
		"all mistakes at once": {func(_ *fakeServer, cfg *bench.Config) {
			cfg.Workload, cfg.VUs, cfg.Timeout, cfg.Check, cfg.Rate, cfg.Token = "wash", 0, 0, 2, -1, "a\r\nb"
		}, []string{"--workload", "--vus", "--timeout", "--check", "--rate", "--token"}},
		"rate of a load": {func(_ *fakeServer, cfg *bench.Config) { cfg.Workload, cfg.Data, cfg.Rate = "load", ".", 5 }, []string{"--rate"}},
	} {
		f := startFake(t, "")
		cfg := small(f, "read", 5)
		c.change(f, &cfg)
		report, err := bench.Run(context.Background(), cfg, io.Discard)
		if err == nil || report != nil {
			t.Errorf("%s: no error, report %+v", name, report)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not have %q", name, err, want)
			}
		}
	}
}

func TestToken(t *testing.T) {
	f := startFake(t, "")
	f.patients(3)
	cfg := small(f, "read", 5)
	cfg.Token = "secret-1"
	measured(t, cfg)
	if f.lastToken != "Bearer secret-1" {
		t.Errorf("Authorization: %q", f.lastToken)
	}
	// A token that ends in the middle ends the run: the speed of 401s is of no interest.
	n := f.reads(atOnce)
	count := f.first
	f.first = func(w http.ResponseWriter, req *http.Request) bool {
		count(w, req)
		if n.Load() > 20 {
			w.WriteHeader(401)
			return true
		}
		return false
	}
	cfg.Iterations, cfg.Duration = 0, time.Minute
	var out strings.Builder
	report, err := bench.Run(context.Background(), cfg, &out)
	if report != nil || err == nil || !strings.Contains(err.Error(), "--token") || strings.Contains(err.Error(), "secret-1") || out.Len() != 0 {
		t.Errorf("%+v, %v, %s", report, err, &out)
	}
}

// TestHarvest: ids come from as many pages as are needed.
func TestHarvest(t *testing.T) {
	f := startFake(t, "")
	f.patients(600)
	asked := map[string]bool{}
	f.first = func(_ http.ResponseWriter, req *http.Request) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		asked[req.URL.Path] = true
		return false
	}
	cfg := small(f, "read", 5000)
	cfg.Check, cfg.VUs = 0, 4
	measured(t, cfg)
	if n := len(asked); n < 590 { // of 600 and two other paths, each missed with a chance of e^-8
		t.Errorf("%d Patients were read of 600", n)
	}
}

func TestLoad(t *testing.T) {
	f := startFake(t, "")
	var order []string
	f.first = func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == "POST" {
			typ := "first"
			if req.ContentLength > 0 && strings.Contains(string(peek(req)), `"Patient"`) {
				typ = "patient"
			}
			f.mu.Lock()
			order = append(order, typ)
			f.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
		return false
	}
	cfg := small(f, "load", 0)
	cfg.Data, cfg.VUs = bundles(t), 4
	r := measured(t, cfg)
	if got := strings.Join(order, " "); got != "first first patient patient" {
		t.Error(got)
	}
	if r.Load == nil || r.Load.Bundles != 4 || r.Load.Resources != 8 || r.Load.ResourcesPerSecond <= 0 || r.Iterations.Count != 4 || len(r.Notes) != 0 || r.Total.Latency.P50 < 10 {
		t.Errorf("%+v", r)
	}
	// A load of which a Bundle was refused has failed, and says which.
	f.first = func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == "POST" && strings.Contains(string(peek(req)), `"Patient"`) {
			w.WriteHeader(422)
			return true
		}
		return false
	}
	report, err := bench.Run(context.Background(), cfg, io.Discard)
	if report == nil || report.Load.Resources != 4 || err == nil || !strings.Contains(err.Error(), "2 of 4 requests failed") {
		t.Errorf("%+v, %v", report, err)
	}
}

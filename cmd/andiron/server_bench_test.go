package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/bench"
)

// BenchmarkServer takes the figures of a server in a process of its own, on the records of a clinic, with the load generator on
// the same machine. floor is what the machine lets any Go program do: the same reads, answered from memory.
func BenchmarkServer(b *testing.B) {
	if _, err := os.Stat(syntheaDir); err != nil {
		b.Skip("SKIPPED: ../shared/data/synthea is not there")
	}
	dir := b.TempDir()
	started := time.Now()
	s := startServer(b, "serve", "--store", "sqlite:"+dir)
	if status, _ := s.do(b, "GET", "/metadata", ""); status != 200 {
		b.Fatalf("metadata: %d", status)
	}
	start, idle := time.Since(started), s.resident(b)
	b.Run("start", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(start.Milliseconds()), "start-ms")
		b.ReportMetric(idle, "resident-MB")
	})
	once(b, "load", func(b *testing.B) {
		report := measure(b, s.url, "load", 4, "--data", syntheaDir)
		b.ReportMetric(report.Load.ResourcesPerSecond, "resources/s")
		b.ReportMetric(s.resident(b), "resident-MB")
		time.Sleep(2 * time.Second) // the log is emptied
		b.ReportMetric(size(b, dir)/float64(report.Load.Resources), "disk-B/resource")
	})
	floor := startFloor(b, strings.TrimSuffix(s.url, "/fhir"))
	for _, w := range []struct {
		name, workload, url string
		vus                 int
	}{
		{"floor", "read", floor.url, 8}, {"read", "read", s.url, 8}, {"W3-search", "search", s.url, 10}, {"W9-mix", "mix", s.url, 32},
		{"W1-crud", "crud", s.url, 16}, {"W10-transaction", "transaction", s.url, 16},
	} {
		once(b, w.name, func(b *testing.B) {
			report := measure(b, w.url, w.workload, w.vus, "--duration", "5s", "--warmup", "1s")
			b.ReportMetric(report.Total.RequestsPerSecond, "req/s")
			b.ReportMetric(report.Total.Latency.P50, "p50-ms")
			b.ReportMetric(report.Total.Latency.P99, "p99-ms")
		})
	}
}

// once runs a benchmark a single time, whatever -benchtime says: it has a duration of its own.
func once(b *testing.B, name string, fn func(b *testing.B)) {
	done := false
	b.Run(name, func(b *testing.B) {
		if !done {
			fn(b)
			done = true
		}
		b.ReportMetric(0, "ns/op") // the time of one run says nothing
	})
}

func measure(b *testing.B, url, workload string, vus int, more ...string) *bench.Report {
	b.Helper()
	args := append([]string{"bench", "--json", "--server", url, "--workload", workload, "--vus", strconv.Itoa(vus)}, more...)
	status, out, errors := command(args...)
	var report bench.Report
	if err := json.Unmarshal([]byte(out), &report); status != 0 || err != nil {
		b.Fatalf("%s: exit status %d, %v\n%s", workload, status, err, errors)
	}
	if report.Total.Errors+report.Total.Wrong > 0 {
		b.Fatalf("%s: %d errors, %d wrong answers", workload, report.Total.Errors, report.Total.Wrong)
	}
	return &report
}

// resident is the resident memory of the server in MB, where the system tells.
func (s *running) resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1000
}

func size(b *testing.B, dir string) (total float64) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			b.Fatal(err)
		}
		total += float64(info.Size())
	}
	return total
}

// startFloor starts the yardstick.
func startFloor(b *testing.B, upstream string) *running {
	b.Helper()
	return start(b, "ANDIRON_TEST_FLOOR="+upstream)
}

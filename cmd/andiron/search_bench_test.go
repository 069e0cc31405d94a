package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkSearch compares searches with a point read: the median over one connection that is kept alive, on the records of a
// clinic, and the same searches again when there is ten times as much.
func BenchmarkSearch(b *testing.B) {
	if _, err := os.Stat(syntheaDir); err != nil {
		b.Skip("SKIPPED: ../shared/data/synthea is not there")
	}
	dir := b.TempDir()
	if status, _, message := command("import", "--store", "sqlite:"+dir, syntheaDir); status != 0 {
		b.Fatal(message)
	}
	s := startServer(b, "serve", "--store", "sqlite:"+dir)
	const loinc = "http://loinc.org%7C"
	const weight = "code=" + loinc + "29463-7"
	searches := []struct {
		name, url string
		budget    float64 // times the read
	}{
		{"token", "Observation?" + weight + "&_count=20", 6},
		{"code-date-sort", "Observation?" + weight + "&date=ge2015-01-01&_sort=-date&_count=20", 8},
		{"chain", "Observation?patient.gender=female&" + weight + "&_count=20", 30},
		{"has", "Patient?_has:Observation:patient:" + weight + "&_count=20", 30},
		{"include", "Encounter?_include=Encounter:subject&_include=Encounter:participant&_revinclude=Condition:encounter&_count=20", 20},
		{"count", "Observation?status=final&_summary=count", 40},
	}
	for _, size := range []string{"1x", "10x"} {
		if size == "10x" {
			for range 9 { // POSTs make new resources each time
				measure(b, s.url, "load", 4, "--data", syntheaDir)
			}
			time.Sleep(2 * time.Second)
		}
		read := s.median(b, "Patient/"+s.first(b, "Patient?_count=1"))
		once(b, size+"/read", func(b *testing.B) { b.ReportMetric(milliseconds(read), "p50-ms") })
		for _, search := range searches {
			median := s.median(b, search.url)
			once(b, size+"/"+search.name, func(b *testing.B) {
				b.ReportMetric(milliseconds(median), "p50-ms")
				b.ReportMetric(float64(median)/float64(read), fmt.Sprintf("reads(of_%g)", search.budget))
			})
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// first is the id of the first resource that a search finds.
func (s *running) first(b *testing.B, search string) string {
	b.Helper()
	_, body := s.do(b, http.MethodGet, "/"+search, "")
	_, rest, found := strings.Cut(body, `/Patient/`)
	id, _, _ := strings.Cut(rest, `"`)
	if !found {
		b.Fatalf("%s finds nothing: %s", search, body)
	}
	return id
}

// median is the median time of a GET over one connection that is kept alive.
func (s *running) median(b *testing.B, path string) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	var times []time.Duration
	for i := range 220 {
		started := time.Now()
		resp, err := client.Get(s.url + "/" + path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatalf("%s: %s, %v", path, resp.Status, err)
		}
		resp.Body.Close()
		if i >= 20 {
			times = append(times, time.Since(started))
		}
	}
	slices.Sort(times)
	return times[len(times)/2]
}

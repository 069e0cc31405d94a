package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const syntheaDir = "../../../shared/data/synthea"

// BenchmarkImportSynthea imports a clinic's records into a fresh store, and compares with what a single-threaded program needs to
// gunzip the same files and to unmarshal their entries into maps.
func BenchmarkImportSynthea(b *testing.B) {
	if _, err := os.Stat(syntheaDir); err != nil {
		b.Skip("SKIPPED: ../shared/data/synthea is not there")
	}
	for b.Loop() {
		started := time.Now()
		var out bytes.Buffer
		if status := run(context.Background(), []string{"import", "--store", "sqlite:" + b.TempDir(), syntheaDir}, &out, &out); status != 0 {
			b.Fatalf("exit status %d: %s", status, out.String())
		}
		elapsed := time.Since(started)
		entries, floor := unmarshalSynthea(b)
		b.ReportMetric(float64(entries)/elapsed.Seconds(), "resources/s")
		b.ReportMetric(float64(elapsed)/float64(floor), "times-unmarshal")
	}
}

// unmarshalSynthea is the yardstick of the benchmark.
func unmarshalSynthea(b *testing.B) (entries int, elapsed time.Duration) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(syntheaDir, "*.json.gz"))
	if err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
		var bundle struct{ Entry []map[string]any }
		if err := json.Unmarshal(text, &bundle); err != nil {
			b.Fatal(err)
		}
		entries += len(bundle.Entry)
	}
	return entries, time.Since(started)
}

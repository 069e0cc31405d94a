package fhir_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"andiron.dev/fhir"
)

// synthea returns one Synthea Bundle, or skips: the records are not part of the project.
func synthea(b *testing.B) string {
	b.Helper()
	files, _ := filepath.Glob("../../shared/data/synthea/Abram*.json.gz")
	if len(files) == 0 {
		b.Skip("SKIPPED: ../shared/data/synthea is not there")
	}
	f, err := os.Open(files[0])
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

func BenchmarkParseBundle(b *testing.B) {
	data := synthea(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fhir.Parse(data, fhir.BundleLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseBundleStdlib is the yardstick: encoding/json into maps.
func BenchmarkParseBundleStdlib(b *testing.B) {
	data := []byte(synthea(b))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var v map[string]any
		if err := json.Unmarshal(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderEntries(b *testing.B) {
	data := synthea(b)
	root, err := fhir.Parse(data, fhir.BundleLimits())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for e := range root.Each("entry") {
			if _, err := fhir.NewResource(e.Get("resource")); err != nil {
				b.Fatal(err)
			}
		}
	}
}

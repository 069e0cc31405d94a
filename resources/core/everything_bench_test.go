package core_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkEverything is Patient/$everything of a Synthea patient among others.
func BenchmarkEverything(b *testing.B) {
	files, _ := filepath.Glob("../../../shared/data/synthea/*.json.gz")
	if len(files) == 0 {
		b.Skip("no ../shared/data/synthea")
	}
	h := open(b)
	for i, path := range files {
		if i >= 20 {
			break
		}
		f, err := os.Open(path)
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
		_ = f.Close()
		h.do("POST", "", string(text)).is(200)
	}
	patients := h.do("GET", "/Patient?_count=100", "")
	most, id := 0, ""
	entries, _ := patients.at("entry").([]any)
	for _, e := range entries {
		one := e.(map[string]any)["resource"].(map[string]any)["id"].(string)
		if n := len(h.do("GET", "/Patient/"+one+"/$everything", "").at("entry").([]any)); n > most {
			most, id = n, one
		}
	}
	for _, query := range []string{"", "?_count=50", "?start=2015-01-01&end=2016-01-01"} {
		b.Run("all"+query, func(b *testing.B) {
			size := 0
			for b.Loop() {
				size = h.raw("GET", "/Patient/"+id+"/$everything"+query)
			}
			b.ReportMetric(float64(most), "resources")
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

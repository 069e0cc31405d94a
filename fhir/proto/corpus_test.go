package proto_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// sample is a resource to compare opinions about.
type sample struct{ name, text string }

// ownSamples are valid resources that between them have every data type.
func ownSamples(t testing.TB) []sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "valid.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for line := range strings.Lines(string(text)) {
		all = append(all, sample{"valid.ndjson " + resource(t, line).Reference(), strings.TrimSpace(line)})
	}
	return all
}

// shared is a folder of test data that is not part of the project, "" where it is not there.
func shared(name string) string {
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// officialExamples are the 720 examples of R4.
func officialExamples(t testing.TB) []sample {
	t.Helper()
	folder := shared("r4-examples")
	if folder == "" {
		return nil
	}
	var all []sample
	gunzip(t, filepath.Join(folder, "r4-examples.tgz"), func(z io.Reader) {
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(h.Name, ".json") && strings.Contains(string(text), `"resourceType"`) {
				all = append(all, sample{strings.TrimSuffix(filepath.Base(h.Name), ".json"), string(text)})
			}
		}
	})
	return all
}

// synthea takes every fifth resource of every fifth file of a clinic's records, and of those that hold no patient.
func synthea(t testing.TB) []sample {
	t.Helper()
	folder := shared("synthea")
	if folder == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	count := 0
	for i, file := range files {
		if i%5 != 0 && !strings.Contains(file, "Information") {
			continue
		}
		gunzip(t, file, func(z io.Reader) {
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			bundle, err := fhir.Parse(string(text), fhir.BundleLimits())
			if err != nil {
				t.Fatal(err)
			}
			for entry := range bundle.Each("entry") {
				if count++; count%5 == 0 {
					r := entry.Get("resource")
					all = append(all, sample{"synthea " + r.Get("resourceType").Text(), r.Raw()})
				}
			}
		})
	}
	return all
}

func gunzip(t testing.TB, path string, read func(io.Reader)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	read(z)
}

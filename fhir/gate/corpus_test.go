package gate_test

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
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
)

func newSpec(t testing.TB) *r4.Spec {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func newGate(t testing.TB) *gate.Gate {
	t.Helper()
	return gate.New(newSpec(t))
}

// shared is a folder of test data that is not part of the project.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: %s is not there", path)
	}
	return path
}

// invalidExamples are the official R4 examples that are really invalid, and what is wrong with them.
func invalidExamples() map[string]string {
	return map[string]string{
		"DeviceMetric-example":        "a reference to DeviceDefinition is not allowed here, only to Device (DeviceMetric.parent.reference)",
		"DeviceUseStatement-example":  "a reference to Procedure is not allowed here",
		"ImplementationGuide-fhir":    "the element 'name' is required",
		"MedicationRequest-medrx0301": "a reference to Practitioner is not allowed here, only to Organization (MedicationRequest.dispenseRequest.performer.reference)",
		"Observation-clinical-gender": "a reference to Encounter is not allowed here",
		"Questionnaire-qs1":           "the element 'linkId' is required",
		"ig-r4":                       "the element 'name' is required",
	}
}

// TestOfficialExamplesPass: all 720 official examples pass but for those that are listed.
func TestOfficialExamplesPass(t *testing.T) {
	g := newGate(t)
	expected := invalidExamples()
	count := 0
	eachExample(t, func(name, body string) {
		count++
		root, err := fhir.Parse(body, fhir.BundleLimits())
		o := fhir.AsOutcome(err)
		if o == nil {
			o = g.Check(root)
		}
		want, invalid := expected[name]
		switch {
		case o == nil && invalid:
			t.Errorf("%s passes, but is listed as invalid", name)
		case o != nil && (!invalid || !strings.Contains(o.Error(), want)):
			t.Errorf("%s: %v", name, o)
		}
	})
	if count != 720 {
		t.Errorf("%d examples, want 720", count)
	}
}

func eachExample(t testing.TB, fn func(name, body string)) {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t, "r4-examples"), "r4-examples.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), `"resourceType"`) {
			fn(strings.TrimSuffix(filepath.Base(h.Name), ".json"), string(body))
		}
	}
}

// TestSyntheaPasses: every resource of a clinic's records passes.
func TestSyntheaPasses(t *testing.T) {
	g := newGate(t)
	count := 0
	eachSynthea(t, func(name, body string) {
		root, err := fhir.Parse(body, fhir.BundleLimits())
		if err != nil {
			t.Fatal(name, err)
		}
		count += root.Get("entry").Len()
		if o := g.Check(root); o != nil {
			t.Errorf("%s: %v", name, o)
		}
	})
	if count != 38970 {
		t.Errorf("%d resources, want 38,970", count)
	}
}

func eachSynthea(t testing.TB, fn func(name, body string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(t, "synthea"), "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		fn(filepath.Base(file), string(body))
	}
}

func BenchmarkCheckSynthea(b *testing.B) {
	g := newGate(b)
	var roots []fhir.Element
	entries := 0
	eachSynthea(b, func(_, body string) {
		if len(roots) < 10 {
			root, err := fhir.Parse(body, fhir.BundleLimits())
			if err != nil {
				b.Fatal(err)
			}
			roots = append(roots, root)
			entries += root.Get("entry").Len()
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		for _, root := range roots {
			if o := g.Check(root); o != nil {
				b.Fatal(o)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/resource")
}

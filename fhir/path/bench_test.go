package path_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// synthea returns the first resource of each type in a Synthea bundle.
func synthea(t testing.TB, spec *r4.Spec) map[string]path.Value {
	t.Helper()
	files, _ := filepath.Glob("../../../shared/data/synthea/Abram*.json.gz")
	if len(files) == 0 {
		t.Skip("SKIPPED: ../shared/data/synthea is not there")
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := fhir.Parse(string(data), fhir.BundleLimits())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]path.Value{}
	for entry := range bundle.Each("entry") {
		r := entry.Get("resource")
		typ := r.Get("resourceType").Text()
		if _, ok := found[typ]; ok {
			continue
		}
		alone, err := fhir.Parse(r.Raw(), fhir.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		found[typ] = path.Root(spec, alone, "")
	}
	return found
}

// BenchmarkEval evaluates expressions of R4's search parameters on Synthea's resources with a reused buffer.
func BenchmarkEval(b *testing.B) {
	spec := decode(b)
	resources := synthea(b, spec)
	for _, c := range [][2]string{
		{"Patient", "Patient.birthDate"},
		{"Patient", "Patient.name.family"},
		{"Patient", "Patient.address.postalCode"},
		{"Patient", "Patient.telecom.where(system = 'phone')"},
		{"Patient", "Patient.deceased.exists() and Patient.deceased != false"},
		{"Patient", "Patient.deceased as dateTime"},
		{"Patient", "Resource.meta.tag"},
		{"Observation", "Observation.code"},
		{"Observation", "Observation.value as Quantity"},
		{"Observation", "Observation.subject.where(resolve() is Patient)"},
		{"Observation", "Observation.component.value as Quantity"},
		{"Observation", "Observation.effective"},
		{"Observation", "Observation.value.value > 180.0"},
		{"Encounter", "Encounter.participant.individual.where(resolve() is Practitioner)"},
	} {
		x, err := path.Compile(spec, c[1])
		if err != nil {
			b.Fatal(err)
		}
		v, ok := resources[c[0]]
		if !ok {
			b.Fatal(c[0])
		}
		b.Run(c[1], func(b *testing.B) {
			ev := path.NewEvaluator(path.Env{})
			var buffer []path.Value
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				buffer, err = ev.Eval(ctx, x, v, buffer[:0])
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIndex evaluates all terms that a resource is indexed by.
func BenchmarkIndex(b *testing.B) {
	spec := decode(b)
	for typ, v := range synthea(b, spec) {
		if typ != "Patient" && typ != "Observation" && typ != "Encounter" && typ != "Claim" {
			continue
		}
		terms := indexTerms(b, spec, typ)
		b.Run(typ, func(b *testing.B) {
			ev := path.NewEvaluator(path.Env{})
			var buffer []path.Value
			b.ReportAllocs()
			b.ReportMetric(float64(len(terms)), "terms")
			for b.Loop() {
				root := path.Root(spec, v.Element(), "")
				for _, term := range terms {
					buffer, _ = ev.Eval(context.Background(), term, root, buffer[:0])
				}
			}
		})
	}
}

// indexTerms are the distinct terms of the search parameters of a type.
func indexTerms(t testing.TB, spec *r4.Spec, typ string) (terms []*path.Expr) {
	seen := map[string]bool{}
	for _, p := range spec.SearchParams() {
		for _, base := range p.Base {
			if p.Expression == "" || !spec.Type(typ).Is(base) {
				continue
			}
			x, err := path.Compile(spec, p.Expression)
			if err != nil {
				t.Fatal(err)
			}
			list, err := x.Terms(typ)
			if err != nil {
				t.Fatal(err)
			}
			for _, term := range list {
				if !seen[term.String()] {
					seen[term.String()] = true
					terms = append(terms, term)
				}
			}
		}
	}
	return terms
}

// BenchmarkCompile compiles the longest expression of R4's search parameters, and a short one.
func BenchmarkCompile(b *testing.B) {
	spec := decode(b)
	longest := ""
	for _, p := range spec.SearchParams() {
		if len(p.Expression) > len(longest) {
			longest = p.Expression
		}
	}
	for name, src := range map[string]string{"longest": longest, "short": "Patient.name.family"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := path.Compile(spec, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

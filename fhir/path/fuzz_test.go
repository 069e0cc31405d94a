package path

import (
	"context"
	"os"
	"runtime/metrics"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// FuzzCompile sees that no text makes the compiler panic, and that what compiles is written in a form that gives the
// same tree again.
func FuzzCompile(f *testing.F) {
	for _, src := range expressions(f) {
		f.Add(src)
	}
	spec, err := r4.Decode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		x, err := Compile(spec, src)
		_, strictErr := Compile(spec, src, Strict(), Context("Patient"))
		if err != nil {
			if _, ok := err.(*fhir.Outcome); !ok {
				t.Fatalf("%T is no Outcome", err)
			}
			if strictErr == nil {
				t.Fatal("only strict compilation succeeds")
			}
			return
		}
		roundTrip(t, src)
		if _, err := x.Terms("Patient"); err != nil {
			t.Fatal(err)
		}
		x.Target()
	})
}

// FuzzEvaluate sees that no expression panics, hangs, or takes more memory than its limits allow, over any document.
func FuzzEvaluate(f *testing.F) {
	patient, err := os.ReadFile("testdata/patient.json")
	if err != nil {
		f.Fatal(err)
	}
	for i, src := range expressions(f) {
		if i%3 == 0 || i < 400 {
			f.Add(src, string(patient))
		}
	}
	f.Add("descendants()", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","name":[null,{"given":[null,"a"],"_given":[{"id":"x"}]}]}}]}`)
	f.Add("name.given ~ name.given", `{"resourceType":"Patient","name":"x","birthDate":1,"active":"true","contained":[[]]}`)
	spec, err := r4.Decode()
	if err != nil {
		f.Fatal(err)
	}
	const steps, items, bytes = 50_000, 5_000, 1 << 20
	ev := NewEvaluator(Env{
		Limits:    Limits{Steps: steps, Items: items, Bytes: bytes},
		Now:       func() time.Time { return time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.UTC) },
		Variables: map[string][]Value{"answer": {Integer(42)}},
	})
	f.Fuzz(func(t *testing.T, src, document string) {
		x, err := Compile(spec, src)
		if err != nil {
			return
		}
		root, err := fhir.Parse(document, fhir.Limits{Bytes: 64 << 10, Depth: 64})
		if err != nil {
			return
		}
		start, before := time.Now(), allocated()
		values, err := ev.Eval(context.Background(), x, Root(spec, root, ""), nil)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		if took := allocated() - before; took > 256<<20 {
			t.Errorf("allocated %d bytes", took)
		}
		if len(values) > items || len(ev.stack) > items {
			t.Errorf("%d values", len(values))
		}
		if _, ok := err.(*fhir.Outcome); err != nil && !ok {
			t.Errorf("%T is no Outcome", err)
		}
		for i := range values {
			_, _ = values[i].String(), values[i].Within()
		}
	})
}

// allocated is how many bytes this process has ever allocated.
func allocated() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}

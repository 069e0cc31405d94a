package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// Benchmark runs the benchmarks as sub-benchmarks; benchstat can compare two runs. The create benchmarks come in a durable
// and an unsafe form: what the fsyncs cost.
func Benchmark(b *testing.B, e Engine) {
	s := newSuite(b, e)
	for _, bench := range benchmarks() {
		b.Run(bench.name, func(b *testing.B) { bench.run(b, s) })
	}
}

type benchmark struct {
	name string
	run  func(b *testing.B, s *suite)
}

func benchmarks() []benchmark {
	return []benchmark{
		{"Read", benchRead},
		{"ReadParallel8", benchReadParallel},
		{"Create", benchCreate(1, false)},
		{"CreateParallel32", benchCreate(32, false)},
		{"CreateUnsafeParallel32", benchCreate(32, true)},
		{"Update", benchUpdate},
		{"Transaction4", benchTransaction(1)},
		{"Transaction4Parallel16", benchTransaction(16)},
		{"Load", benchLoad},
		{"SearchToken", benchSearch("Observation?code=http://loinc.org|8302-2&_count=20")},
		{"SearchTokenTotal", benchSearch("Observation?code=http://loinc.org|8302-2&_count=20&_total=accurate")},
		{"SearchReference", benchSearch("Observation?patient=Patient/p7&_count=50")},
		{"SearchReferenceToken", benchSearch("Observation?patient=Patient/p7&code=http://loinc.org|8302-2&_count=50")},
		{"SearchReferenceDate", benchSearch("Observation?patient=Patient/p7&date=ge2015-06&_count=50")},
		{"SearchReferenceSortDate", benchSearch("Observation?patient=Patient/p7&_sort=-date&_count=20")},
		{"SearchDate", benchSearch("Observation?date=2015-06-07&_count=20")},
		{"SearchString", benchSearch("Patient?name=family7&_count=20")},
		{"SearchStringContains", benchSearch("Patient?name:contains=mily77&_count=20")},
		{"SearchAll", benchSearch("Observation?_count=20")},
		{"SearchNewest", benchSearch("Observation?_sort=-_lastUpdated&_count=20")},
		{"SearchLastUpdated", benchSearch("Observation?_lastUpdated=ge2100&_count=20")},
		{"SearchRevinclude", benchSearch("Observation?patient=" + patientList(50) + "&_count=1000")},
		{"HistoryInstance", benchHistory(fhir.HistoryQuery{Type: "Patient", ID: "p7", Count: 20})},
		{"HistoryType", benchHistory(fhir.HistoryQuery{Type: "Patient", Count: 20})},
		{"Events", benchEvents},
		{"Append", benchAppend(1, 1)},
		{"AppendParallel32", benchAppend(32, 1)},
		{"AppendBatch1000", benchAppend(1, 1000)},
		{"CreateAudited", benchCreateAudited(1)},
		{"CreateAuditedParallel32", benchCreateAudited(32)},
		{"Token", benchToken(1)},
		{"TokenParallel32", benchToken(32)},
		{"Record", benchRecord},
	}
}

func (s *suite) openBench(b *testing.B, unsafe bool) fhir.Store {
	b.Helper()
	st := s.engine.Open(b, Options{Place: b.TempDir(), Params: s.params, Now: time.Now, JournalKey: journalKey(), Unsafe: unsafe})
	b.Cleanup(func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})
	return st
}

// patients and observations are how much the benchmarks load before they read.
const (
	patients     = 1000
	observations = 20_000
)

// loaded opens a store with patients and 20 observations of each.
func (s *suite) loaded(b *testing.B) fhir.Store {
	b.Helper()
	st := s.openBench(b, true)
	for p := 0; p < patients; p += 50 {
		var batch []*fhir.Resource
		for i := p; i < p+50; i++ {
			batch = append(batch, benchPatient(b, i))
			for o := range observations / patients {
				batch = append(batch, benchObservation(b, fmt.Sprintf("p%d-o%d", i, o), i, o))
			}
		}
		putAll(b, st, batch)
	}
	b.ResetTimer()
	return st
}

func putAll(b *testing.B, st fhir.Store, batch []*fhir.Resource) {
	b.Helper()
	ctx := context.Background()
	if err := st.Update(ctx, nil, func(tx fhir.Tx) error {
		for _, r := range batch {
			if _, err := tx.Put(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// parallel runs fn b.N times in all, on n goroutines whatever GOMAXPROCS is. fn gets a number of its own.
func parallel(b *testing.B, n int, fn func(i int) error) {
	b.Helper()
	var next atomic.Int64
	failed := make(chan error, n)
	b.ResetTimer()
	for range n {
		go func() {
			var err error
			for i := next.Add(1) - 1; err == nil && i < int64(b.N); i = next.Add(1) - 1 {
				err = fn(int(i))
			}
			failed <- err
		}()
	}
	for range n {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}

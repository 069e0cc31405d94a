package sqlite_test

import (
	"context"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest"
)

func TestStore(t *testing.T)      { storetest.Run(t, engine()) }
func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, engine()) }

// TestStoreManyRows takes every criterion for an unselective one, so that searches walk where they would gather.
func TestStoreManyRows(t *testing.T) {
	if testing.Short() { // as under the race detector
		t.Skip("SKIPPED: -short; it asks what TestStore asks, in another way")
	}
	e := engine()
	open := e.Open
	e.Open = func(t testing.TB, o storetest.Options) fhir.Store {
		s := open(t, o)
		s.(*sqlite.Store).Unselective()
		return s
	}
	storetest.RunSearch(t, e)
}

func engine() storetest.Engine {
	return storetest.Engine{
		Open: func(t testing.TB, o storetest.Options) fhir.Store {
			s, err := sqlite.Open(sqlite.Options{Dir: o.Place, Params: o.Params, Now: o.Now, JournalKey: o.JournalKey, Unsafe: o.Unsafe})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Check: func(ctx context.Context, s fhir.Store) error { return s.(*sqlite.Store).Check(ctx) },
	}
}

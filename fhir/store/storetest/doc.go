// Package storetest is what every storage engine must do: tests of the semantics of fhir.Store, of its behaviour under
// concurrency and after a crash, of its search (compared with search.Match in memory), and benchmarks. Nothing in it knows
// which engine it runs on. An engine joins with one file:
//
//	func engine() storetest.Engine {
//		return storetest.Engine{Open: func(t testing.TB, o storetest.Options) fhir.Store { … }}
//	}
//
//	func TestStore(t *testing.T)      { storetest.Run(t, engine()) }
//	func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, engine()) }
//
// The random tests are seeded and print what repeats a failure: ANDIRON_SEED=7 go test -run TestStore/Random.
// ANDIRON_ROUNDS=500 makes them look longer.
package storetest

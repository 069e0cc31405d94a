package mongo_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/fhir/store/storetest"
)

// TestReplica runs the suite on a replica set in memory, which knows of MongoDB what the engine uses.
func TestReplica(t *testing.T) {
	if os.Getenv("ANDIRON_ROUNDS") == "" {
		t.Setenv("ANDIRON_ROUNDS", "2") // most of the time goes into the imitation
	}
	if testing.Short() { // as under the race detector
		storetest.RunStore(t, engine(started(t)))
		return
	}
	storetest.Run(t, engine(started(t)))
}

// TestMongo runs it on the real thing.
func TestMongo(t *testing.T) { storetest.Run(t, engine(cluster(t))) }

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, engine(cluster(b))) }

// inherited names, for a child process, the server that its parent has started.
const inherited = "ANDIRON_TEST_REPLICA"

// started starts a server, or finds the one of the parent process.
func started(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv(inherited); uri != "" {
		return uri
	}
	s, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv(inherited, s.URI())
	return s.URI()
}

// cluster is a replica set that somebody has started.
func cluster(t testing.TB) string {
	t.Helper()
	uri := os.Getenv("ANDIRON_TEST_MONGO")
	if uri == "" {
		t.Skip("SKIPPED: ANDIRON_TEST_MONGO names no MongoDB replica set, so the engine is not tested on one; see 'make help', test-mongo")
	}
	return uri
}

// engine has a database of its own for each place.
func engine(uri string) storetest.Engine {
	return storetest.Engine{
		Open: func(t testing.TB, o storetest.Options) fhir.Store {
			t.Helper()
			name := sha256.Sum256([]byte(o.Place))
			database := "andiron_test_" + hex.EncodeToString(name[:8])
			s, err := mongo.Open(context.Background(), mongo.Options{URI: uri, Database: database, Params: o.Params, Now: o.Now, JournalKey: o.JournalKey, Unsafe: o.Unsafe})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { mongo.Drop(t, uri, database) })
			if os.Getenv("ANDIRON_CRASH_PLACE") != "" { // others before this process have been killed
				mongo.Settle(t, s)
			}
			return s
		},
		Check: func(ctx context.Context, s fhir.Store) error { return s.(*mongo.Store).Check(ctx) },
	}
}

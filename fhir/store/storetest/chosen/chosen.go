// Package chosen opens stores for tests of what stands on the engines: SQLite in a folder, or, where ANDIRON_TEST_MONGO names a MongoDB replica
// set, a database there. Such tests know no engine.
package chosen

import (
	"context"
	"os"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/sqlite"
)

// Variable names the environment variable with the URI of a replica set.
const Variable = "ANDIRON_TEST_MONGO"

// Store is an engine.
type Store interface {
	fhir.Store
	fhir.Indexer
	Await(ctx context.Context, after fhir.Seq) error
	Check(ctx context.Context) error
	VerifyJournal(ctx context.Context, fn func(checked int64)) (firstBroken int64, err error)
}

// Engine names the engine: sqlite or mongodb.
func Engine() string {
	if os.Getenv(Variable) != "" {
		return "mongodb"
	}
	return "sqlite"
}

// Folder skips a test of what only a store in a folder has, its files.
func Folder(t testing.TB) {
	t.Helper()
	if os.Getenv(Variable) != "" {
		t.Skip("SKIPPED: this is about the files of a SQLite store, and " + Variable + " names another")
	}
}

// Open opens the store of a folder. Two that are opened for one folder are the same store, as two processes see it. It is for the test to close
// it.
func Open(t testing.TB, o sqlite.Options) Store {
	t.Helper()
	uri := os.Getenv(Variable)
	if uri == "" {
		s, err := sqlite.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Database: Database(o.Dir), Params: o.Params, Now: o.Now, Log: o.Log, SearchLimit: o.SearchLimit, JournalKey: o.JournalKey, Unsafe: o.Unsafe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(context.Background(), uri, Database(o.Dir)); err != nil {
			t.Error(err)
		}
	})
	return s
}

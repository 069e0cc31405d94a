package mongo

import (
	"context"
	"os"
	"testing"
	"time"

	"andiron.dev/fhir"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Settle waits until the store can commit: a process that was killed may have left a transaction behind.
func Settle(t testing.TB, s *Store) {
	t.Helper()
	var err error
	for start := time.Now(); time.Since(start) < 2*time.Minute; {
		if err = s.turn(t.Context(), func(*commit) error { return nil }); fhir.CodeOf(err) != fhir.Transient {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Drop removes the database of a test, unless a child process is still to look at it.
func Drop(t testing.TB, uri, database string) {
	if os.Getenv("ANDIRON_CRASH_PLACE") != "" {
		return
	}
	c, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Disconnect(context.Background()) }()
	if err := c.Database(database).Drop(context.Background()); err != nil {
		t.Error(err)
	}
}

package mongo

import (
	"context"
	"os"
	"testing"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

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

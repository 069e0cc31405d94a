package chosen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// prefix is what the names of databases that belong to this process begin with.
func prefix() string { return "andiron_test_" + strconv.Itoa(os.Getpid()) + "_" }

// Database is the name of the database that stands for a folder.
func Database(dir string) string {
	name := sha256.Sum256([]byte(dir))
	return prefix() + hex.EncodeToString(name[:8])
}

// URI gives the URI of the database that stands for a folder; ok is false where the tests run on SQLite. Sweep removes it.
func URI(dir string) (uri string, ok bool) {
	uri = os.Getenv(Variable)
	if uri == "" {
		return "", false
	}
	scheme, rest, _ := strings.Cut(uri, "://")
	hosts, query, _ := strings.Cut(rest, "?")
	hosts, _, _ = strings.Cut(hosts, "/")
	return scheme + "://" + hosts + "/" + Database(dir) + "?" + query, true
}

// Sweep removes all databases of this process: for TestMain, where servers in processes of their own have used them.
func Sweep() error {
	uri := os.Getenv(Variable)
	if uri == "" {
		return nil
	}
	c, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	ctx := context.Background()
	defer func() { _ = c.Disconnect(ctx) }()
	names, err := c.ListDatabaseNames(ctx, bson.D{})
	for _, name := range names {
		if strings.HasPrefix(name, prefix()) {
			err = errors.Join(err, c.Database(name).Drop(ctx))
		}
	}
	return err
}

func drop(ctx context.Context, uri, name string) error {
	c, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer func() { _ = c.Disconnect(ctx) }()
	return c.Database(name).Drop(ctx)
}

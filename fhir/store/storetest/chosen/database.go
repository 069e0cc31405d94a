package chosen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
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

// URI gives the URI of the database that stands for a folder; ok is false where the tests run on SQLite. The database is removed when another is
// asked for and the folder is no more, at last by Sweep.
func URI(dir string) (uri string, ok bool) {
	uri = os.Getenv(Variable)
	if uri == "" {
		return "", false
	}
	if err := outlived(uri); err != nil {
		panic(err)
	}
	if err := os.WriteFile(note(Database(dir)), []byte(dir), 0o600); err != nil {
		panic(err)
	}
	scheme, rest, _ := strings.Cut(uri, "://")
	hosts, query, _ := strings.Cut(rest, "?")
	hosts, _, _ = strings.Cut(hosts, "/")
	return scheme + "://" + hosts + "/" + Database(dir) + "?" + query, true
}

// note is the file that says which folder a database stands for. A server has a hundred files open for each database, so none must stay for
// longer than its test.
func note(database string) string { return filepath.Join(os.TempDir(), database+".folder") }

// outlived removes the databases of folders that their tests have removed.
func outlived(uri string) error {
	notes, err := filepath.Glob(note(prefix() + "*"))
	if err != nil {
		return err
	}
	for _, name := range notes {
		dir, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Dir(string(dir))); !errors.Is(err, os.ErrNotExist) { // the folder itself is the engine's to make
			continue
		}
		if err := errors.Join(drop(context.Background(), uri, Database(string(dir))), os.Remove(name)); err != nil {
			return err
		}
	}
	return nil
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
			_ = os.Remove(note(name)) // there is none for those that Open has opened
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

package ferretdb_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/fhir/store/storetest"
	"github.com/FerretDB/FerretDB/ferretdb"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// TestFerretDB searches on FerretDB, which filters, sorts and updates as its authors have understood MongoDB. It has no sessions,
// transactions and snapshots, so a server of ours stands in front of it that plays them: updates are not undone.
func TestFerretDB(t *testing.T) {
	client := started(t)
	t.Chdir("../../../..") // where the scripts are looked for
	front, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	front.Backend = func(db string, command bson.D) (out bson.D, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := client.Database(db).RunCommand(ctx, adapted(command)).Decode(&out); err != nil {
			return nil, err
		}
		return restored(out).(bson.D), nil
	}
	storetest.RunSearch(t, storetest.Engine{Open: func(t testing.TB, o storetest.Options) fhir.Store {
		t.Helper()
		name := sha256.Sum256([]byte(o.Place))
		s, err := mongo.Open(context.Background(), mongo.Options{URI: front.URI(), Database: "andiron_" + hex.EncodeToString(name[:8]), Params: o.Params, Now: o.Now, JournalKey: o.JournalKey})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}

// adapted leaves out of a command what FerretDB 1.24 does not know.
func adapted(command bson.D) bson.D {
	var out bson.D
	for _, e := range command {
		if e.Key != "bypassEmptyTsReplacement" {
			out = append(out, bson.E{Key: e.Key, Value: plain(e.Value)})
		}
	}
	if command[0].Key == "find" {
		out = append(out, bson.E{Key: "batchSize", Value: int32(100_000)})
	}
	return out
}

// decimal marks what stands for a Decimal128, which FerretDB 1.24 does not have.
const decimal = "decimal128:"

// plain puts texts in the place of decimals.
func plain(v any) any {
	switch v := v.(type) {
	case bson.Decimal128:
		return decimal + v.String()
	case bson.D:
		out := make(bson.D, len(v))
		for i, e := range v {
			out[i] = bson.E{Key: e.Key, Value: plain(e.Value)}
		}
		return out
	case bson.A:
		out := make(bson.A, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return v
}

// restored is the way back.
func restored(v any) any {
	switch v := v.(type) {
	case string:
		if text, ok := strings.CutPrefix(v, decimal); ok {
			if d, err := bson.ParseDecimal128(text); err == nil {
				return d
			}
		}
	case bson.D:
		for i := range v {
			v[i].Value = restored(v[i].Value)
		}
	case bson.A:
		for i := range v {
			v[i] = restored(v[i])
		}
	}
	return v
}

// started starts FerretDB on a folder of its own.
func started(t *testing.T) *driver.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	f, err := ferretdb.New(&ferretdb.Config{Listener: ferretdb.ListenerConfig{TCP: addr}, Handler: "sqlite", SQLiteURL: "file:" + t.TempDir() + "/", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	client, err := driver.Connect(options.Client().ApplyURI("mongodb://" + addr + "/?directConnection=true").SetRetryWrites(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client
}

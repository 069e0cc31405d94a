package replica_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir/store/mongo/replica"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// TestRefused runs commands that no MongoDB takes, with the codes that it gives, and some beside them that it takes.
func TestRefused(t *testing.T) {
	server, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := driver.Connect(options.Client().ApplyURI(server.URI()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	db := client.Database("d")
	if err := db.CreateCollection(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []struct {
		json string
		code int // 0 = it is carried out
	}{
		{`{"createIndexes": "c", "indexes": [{"name": "both", "key": {"a.x": 1, "b": 1}}, {"name": "one", "key": {"a.x": 1, "a.y": 1, "n": 1}}]}`, 0},
		{`{"createIndexes": "c", "indexes": [{"name": "one", "key": {"a.x": 1}}]}`, 86},
		{`{"createIndexes": "c", "indexes": [{"name": "two", "key": {"a.x": 1, "b": 1}}]}`, 85},
		{`{"create": "c"}`, 48},
		{`{"create": "a$b"}`, 73},
		{`{"create": "` + strings.Repeat("x", 254) + `"}`, 73},
		{`{"listIndexes": "nothing"}`, 26},
		{`{"insert": "c", "documents": [{"_id": 1, "a": [{"x": 1, "y": 1}, {"x": 2}], "n": 1}]}`, 0},
		{`{"insert": "c", "documents": [{"_id": 2, "a": [{"x": 1}], "b": [1]}]}`, 171},
		{`{"insert": "c", "documents": []}`, 16},
		{`{"insert": "c", "documents": [{"_id": 3, "$a": 1}]}`, 52},
		{`{"insert": "c", "documents": [{"_id": 3, "a": {"b.c": 1}}]}`, 52},
		{`{"insert": "c", "documents": [{"_id": [1]}]}`, 2},
		{`{"insert": "c", "documents": [{"_id": 3, "a": ` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + `}]}`, 15},
		{`{"insert": "c", "documents": [{"_id": 4}], "unheard": 1}`, 40415},
		{`{"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$set": {"n": 2}, "$inc": {"n": 1}}}]}`, 40},
		{`{"find": "c", "filter": {"$or": []}}`, 2},
		{`{"find": "c", "filter": {"$where": "1"}}`, 2},
		{`{"find": "c", "filter": {"n": {"$in": 1}}}`, 2},
		{`{"find": "c", "filter": {"n": {"$near": 1}}}`, 2},
		{`{"find": "c", "filter": {"n": {"$regex": {"$regularExpression": {"pattern": "(", "options": ""}}}}}`, 51091},
		{`{"find": "c", "filter": ` + strings.Repeat(`{"$or": [`, 100) + `{}` + strings.Repeat("]}", 100) + `}`, 2},
		{`{"find": "c", "filter": ` + strings.Repeat(`{"$or": [`, 90) + `{}` + strings.Repeat("]}", 90) + `}`, 0},
		{`{"find": "c", "projection": {"a": 1, "b": 0}}`, 31254},
		{`{"find": "c", "sort": {"a": 2}}`, 15975},
		{`{"find": "c", "autocommit": false, "startTransaction": true}`, 72},
		{`{"aggregate": "c", "pipeline": []}`, 9},
		{`{"aggregate": "c", "pipeline": [{"$limit": 0}], "cursor": {}}`, 15958},
		{`{"listIndexes": "c", "readConcern": {"level": "snapshot"}}`, 72},
		{`{"getMore": {"$numberLong": "1"}, "collection": "c"}`, 43},
	} {
		var body bson.D
		if err := bson.UnmarshalExtJSON([]byte(command.json), false, &body); err != nil {
			t.Fatalf("%.200s: %v", command.json, err)
		}
		expect(t, fmt.Sprintf("%.150s", command.json), db.RunCommand(t.Context(), body).Err(), command.code)
	}
	within(t, client, db)
}

// within does the same within a transaction.
func within(t *testing.T, client *driver.Client, db *driver.Database) {
	for name, c := range map[string]struct {
		run  func(ctx context.Context) error
		code int
	}{
		"a collection": {func(ctx context.Context) error { return db.CreateCollection(ctx, "new") }, 263},
		"an index": {func(ctx context.Context) error {
			_, err := db.Collection("c").Indexes().CreateOne(ctx, driver.IndexModel{Keys: bson.D{{Key: "z", Value: 1}}})
			return err
		}, 263},
		"a count": {func(ctx context.Context) error { _, err := db.Collection("c").EstimatedDocumentCount(ctx); return err }, 263},
		"a read":  {func(ctx context.Context) error { return db.Collection("c").FindOne(ctx, bson.D{}).Err() }, 0},
	} {
		session, err := client.StartSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := session.StartTransaction(); err != nil {
			t.Fatal(err)
		}
		inside := driver.NewSessionContext(t.Context(), session)
		if err := db.Collection("c").FindOne(inside, bson.D{}).Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expect(t, name, c.run(inside), c.code)
		session.EndSession(t.Context())
	}
}

func expect(t *testing.T, what string, err error, code int) {
	t.Helper()
	var of driver.ServerError
	if errors.As(err, &of) {
		if !of.HasErrorCode(code) {
			t.Errorf("%s: %v, want code %d", what, err, code)
		}
	} else if err != nil || code != 0 {
		t.Errorf("%s: %v, want code %d", what, err, code)
	}
}

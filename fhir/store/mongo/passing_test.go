package mongo_test

import (
	"context"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// outside is a script that fails commands of a name outside of transactions: those from the first to before the last.
func outside(name string, first, last int, f replica.Fault) func(replica.Command) *replica.Fault {
	seen := 0
	return func(c replica.Command) *replica.Fault {
		if c.Name != name || c.Transaction || c.Body[0].Value == "state" || c.Body[0].Value == "jobs" {
			return nil
		}
		if seen++; seen-1 < first || seen-1 >= last {
			return nil
		}
		return &f
	}
}

// TestSnapshotUnavailable: a snapshot that is older than a collection's newest index is replaced as long as nothing has been read on it, and an
// update runs again.
func TestSnapshotUnavailable(t *testing.T) {
	x := newScripted(t)
	gone := replica.Fault{Code: 246, Text: "SnapshotUnavailable"}
	view := func() error {
		return x.View(t.Context(), func(tx fhir.Tx) error {
			for range 2 {
				if _, err := tx.Read(t.Context(), "Basic", "first"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, c := range []struct {
		name        string
		first, last int
		code        fhir.IssueType
	}{
		{"the first read", 0, 1, ""},
		{"the first read, several times", 0, 3, ""},
		{"without end", 0, 100, fhir.Transient},
		{"the second read", 1, 100, fhir.Transient},
	} {
		x.next(outside("find", c.first, c.last, gone))
		if err := view(); fhir.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	runs := 0
	x.next(outside("find", 1, 2, gone))
	if err := x.Update(t.Context(), nil, func(tx fhir.Tx) error {
		if runs++; runs > 2 {
			t.Errorf("run %d", runs)
		}
		if _, err := tx.Read(t.Context(), "Basic", "first"); err != nil {
			return err
		}
		_, err := tx.Put(t.Context(), basic("second"))
		return err
	}); err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	x.next(nil)
	if n := x.events(); n != 2 {
		t.Errorf("%d versions", n)
	}
}

// TestUnborn: a view sees nothing of a type whose collections were made after it began, and goes on.
func TestUnborn(t *testing.T) {
	x := newScripted(t)
	create := func() {
		if err := x.Update(t.Context(), nil, func(tx fhir.Tx) error {
			r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"1","active":true}`, fhir.Limits{})
			if err == nil {
				_, err = tx.Put(t.Context(), r)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.View(t.Context(), func(tx fhir.Tx) error {
		if _, err := tx.Read(t.Context(), "Basic", "first"); err != nil {
			return err
		}
		create()
		for what, err := range map[string]error{
			"read":    second(tx.Read(t.Context(), "Patient", "1")),
			"vread":   second(tx.VRead(t.Context(), "Patient", "1", "1")),
			"history": second(tx.History(t.Context(), fhir.HistoryQuery{Type: "Patient", ID: "1", Count: 1})),
		} {
			if fhir.CodeOf(err) != fhir.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		page, err := tx.Search(t.Context(), &search.Query{Type: "Patient", Count: 10, Total: search.TotalAccurate})
		if err != nil || len(page.Resources) != 0 || page.Total != 0 {
			t.Errorf("search: %v, %v", page, err)
		}
		_, err = tx.Read(t.Context(), "Basic", "first")
		return err
	}); err != nil {
		t.Error(err)
	}
	if err := x.View(t.Context(), func(tx fhir.Tx) error { return second(tx.Read(t.Context(), "Patient", "1")) }); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestPassing: what is over in a moment is answered so, also where the server labels nothing.
func TestPassing(t *testing.T) {
	x := newScripted(t)
	for _, code := range []int32{10107, 189, 91, 11602, 13436, 133, 43, 24, 365} {
		x.next(outside("find", 0, 100, replica.Fault{Code: code, Text: "passing"}))
		err := x.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.Read(t.Context(), "Basic", "first")
			return err
		})
		if fhir.CodeOf(err) != fhir.Transient || fhir.AsOutcome(err).RetryAfter == 0 {
			t.Errorf("code %d: %v", code, err)
		}
	}
	// The collection of a type has to be made, which the driver tries once only.
	x.next(outside("create", 0, 1, replica.Fault{Code: 10107, Text: "NotWritablePrimary"}))
	put := func() error {
		return x.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), fhir.Stored("Flag", "f", "", time.Time{}, `{"resourceType":"Flag","id":"f"}`))
			return err
		})
	}
	if err := put(); fhir.CodeOf(err) != fhir.Transient {
		t.Errorf("a collection that cannot be made now: %v", err)
	}
	x.next(nil)
	if err := put(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestRefusals: what the server refuses for good has a code of its own.
func TestRefusals(t *testing.T) {
	x := newScripted(t)
	for code, want := range map[int32]fhir.IssueType{388: fhir.TooCostly, 201: fhir.TooLong, 10334: fhir.TooLong} {
		x.next(times(1, "insert", replica.Fault{Code: code, Text: "refused"}))
		if err := x.put("1"); fhir.CodeOf(err) != want {
			t.Errorf("code %d: %v", code, err)
		}
	}
}

// TestAway: as long as there is no server everything is answered with "later".
func TestAway(t *testing.T) {
	t.Parallel()
	server, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Params: search.NewParams(spec, nil), Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"a view": s.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.Read(t.Context(), "Basic", "1")
			return err
		}),
		"an update": s.Update(t.Context(), []string{"g"}, func(tx fhir.Tx) error {
			_, err := tx.Create(t.Context(), basic("1"))
			return err
		}),
		"a write without a look": s.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Create(t.Context(), basic("1"))
			return err
		}),
		"an entry": s.Append(t.Context(), &fhir.JournalEntry{Body: []byte("1")}),
	} {
		if fhir.CodeOf(err) != fhir.Transient || fhir.AsOutcome(err).RetryAfter == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAbandoned: a transaction that was left behind is ended by whoever runs into it, long before its lifetime is over.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	x := newScripted(t)
	x.server.Lifetime = time.Hour
	for name, where := range map[string]string{"the counter": "state", "a guard": "guards"} {
		client, err := driver.Connect(options.Client().ApplyURI(x.server.URI()).SetAppName("andiron"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Disconnect(context.Background()) }()
		session, err := client.StartSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := session.StartTransaction(options.Transaction().SetWriteConcern(writeconcern.Majority())); err != nil {
			t.Fatal(err)
		}
		id := map[string]string{"state": "commit", "guards": "g"}[where]
		if _, err := client.Database(mongo.DefaultDatabase).Collection(where).UpdateOne(driver.NewSessionContext(t.Context(), session),
			bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "x", Value: 1}}}}, options.UpdateOne().SetUpsert(true)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err = x.put(where, "g")
		for fhir.CodeOf(err) == fhir.Transient && time.Since(start) < 20*time.Second {
			err = x.put(where, "g")
		}
		if took := time.Since(start); err != nil || took < 5*time.Second { // less would be the transaction of one that is alive
			t.Errorf("%s: after %s %v", name, took, err)
		}
	}
}

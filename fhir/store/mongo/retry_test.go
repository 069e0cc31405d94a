package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	transient = "TransientTransactionError"
	unknown   = "UnknownTransactionCommitResult"
)

// scripted is a store on a server that fails as it is told.
type scripted struct {
	*mongo.Store
	t      *testing.T
	server *replica.Server

	mu     sync.Mutex
	script func(c replica.Command) *replica.Fault
	seen   []string // commands within transactions, and how they ended
	guards []string // in the order in which they were taken
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	server, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	x := &scripted{t: t, server: server}
	server.Fault = x.fault
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if x.Store, err = mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Params: search.NewParams(spec, nil)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Store.Close() })
	if err := x.put("first"); err != nil { // collections are there now
		t.Fatal(err)
	}
	return x
}

func (x *scripted) fault(c replica.Command) *replica.Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c.Transaction {
		x.seen = append(x.seen, c.Name)
		if c.Body[0].Value == "guards" {
			for _, raw := range c.Sequences["updates"] {
				x.guards = append(x.guards, bson.Raw(raw).Lookup("q", "_id").StringValue())
			}
		}
	}
	if x.script == nil {
		return nil
	}
	return x.script(c)
}

// next has the server follow a script from now on.
func (x *scripted) next(script func(c replica.Command) *replica.Fault) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.script, x.seen, x.guards = script, nil, nil
}

func (x *scripted) count(name string) (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.seen {
		if s == name {
			n++
		}
	}
	return n
}

func basic(id string) *fhir.Resource {
	return fhir.Stored("Basic", id, "", time.Time{}, `{"resourceType":"Basic","id":"`+id+`"}`)
}

func (x *scripted) put(id string, guards ...string) error {
	return x.Update(x.t.Context(), guards, func(tx fhir.Tx) error {
		_, err := tx.Put(x.t.Context(), basic(id))
		return err
	})
}

func (x *scripted) events() int {
	x.t.Helper()
	events, err := x.Events(x.t.Context(), 0, 1000)
	if err != nil {
		x.t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != fhir.Seq(i+1) {
			x.t.Errorf("event %d follows on %d", e.Seq, i)
		}
	}
	return len(events)
}

// times is a script that fails the first n commands of a name.
func times(n int, name string, f replica.Fault) func(replica.Command) *replica.Fault {
	return func(c replica.Command) *replica.Fault {
		if c.Name != name || !c.Transaction || n == 0 {
			return nil
		}
		n--
		return &f
	}
}

// TestRetry follows the state machine of a commit through every class of failure.
func TestRetry(t *testing.T) {
	for _, c := range []struct {
		name    string
		script  func() func(replica.Command) *replica.Fault
		code    fhir.IssueType // of the update; "" = it succeeds
		begun   int            // transactions: those that took the counter
		commits int
		there   bool // whether it was written
		retry   bool // the error says when to come back
	}{
		{"no failure", func() func(replica.Command) *replica.Fault { return nil }, "", 1, 1, true, false},
		{"conflict at the counter", func() func(replica.Command) *replica.Fault {
			return times(3, "findAndModify", replica.Fault{Code: 112, Text: "WriteConflict", Labels: []string{transient}})
		}, "", 4, 1, true, false},
		{"conflict at a write", func() func(replica.Command) *replica.Fault {
			return times(2, "insert", replica.Fault{Code: 112, Text: "WriteConflict", Labels: []string{transient}})
		}, "", 3, 1, true, false},
		{"conflict at the commit", func() func(replica.Command) *replica.Fault {
			return times(1, "commitTransaction", replica.Fault{Code: 251, Text: "NoSuchTransaction", Labels: []string{transient}})
		}, "", 2, 2, true, false},
		{"unknown, and not done", func() func(replica.Command) *replica.Fault {
			return times(3, "commitTransaction", replica.Fault{Code: 64, Text: "WriteConcernFailed", Labels: []string{unknown}})
		}, "", 1, 4, true, false},
		{"conflicts without end", func() func(replica.Command) *replica.Fault {
			return times(-1, "findAndModify", replica.Fault{Code: 112, Text: "WriteConflict", Labels: []string{transient}})
		}, fhir.Transient, 20, 0, false, true},
		{"unknown without end", func() func(replica.Command) *replica.Fault {
			return times(-1, "commitTransaction", replica.Fault{Code: 64, Text: "WriteConcernFailed", Labels: []string{unknown}})
		}, fhir.Transient, 1, 8, false, true},
		{"an error of another class", func() func(replica.Command) *replica.Fault {
			return times(1, "insert", replica.Fault{Code: 121, Text: "DocumentValidationFailure"})
		}, fhir.Exception, 1, 0, false, false},
		{"disk full", func() func(replica.Command) *replica.Fault {
			return times(1, "insert", replica.Fault{Code: 14031, Text: "OutOfDiskSpace"})
		}, fhir.NoStore, 1, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newScripted(t)
			x.next(c.script())
			start := time.Now()
			err := x.put("1", "g")
			if got := fhir.CodeOf(err); got != c.code {
				t.Errorf("the update ends with %v", err)
			}
			if err != nil && (fhir.AsOutcome(err).RetryAfter > 0) != c.retry {
				t.Errorf("Retry-After is %s", fhir.AsOutcome(err).RetryAfter)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			begun, commits := x.count("findAndModify"), x.count("commitTransaction")
			if begun != c.begun || commits < c.commits || commits > 2*c.commits { // the driver tries a commit once more by itself
				t.Errorf("%d transactions and %d commits, want %d and %d", begun, commits, c.begun, c.commits)
			}
			x.next(nil)
			want := 1
			if c.there {
				want = 2
			}
			if n := x.events(); n != want {
				t.Errorf("%d versions, want %d", n, want)
			}
			if err := x.put("afterwards", "g"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestCommitLost: a commit that happens and whose answer is lost is not done twice.
func TestCommitLost(t *testing.T) {
	x := newScripted(t)
	x.next(times(1, "commitTransaction", replica.Fault{Code: 91, Text: "ShutdownInProgress", Labels: []string{unknown, "RetryableWriteError"}, After: true}))
	err := x.put("1")
	x.next(nil)
	if n := x.events(); n != 2 || err != nil && fhir.CodeOf(err) != fhir.Transient {
		t.Errorf("%d versions, %v", n, err)
	}
}

// TestConnectionLost cuts the connection in the middle of a transaction: nothing of it stays, and it runs again.
func TestConnectionLost(t *testing.T) {
	for _, name := range []string{"find", "insert", "update", "findAndModify"} {
		x := newScripted(t)
		x.next(times(1, name, replica.Fault{Hangup: true}))
		err := x.put("1", "g")
		x.next(nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := x.events(); n != 2 {
			t.Errorf("%s: %d versions", name, n)
		}
		if err := x.Update(t.Context(), []string{"g"}, func(tx fhir.Tx) error {
			if n, err := tx.GuardCount(t.Context(), "g"); n != 1 || err != nil {
				t.Errorf("%s: the guard was taken %d times, %v", name, n, err)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestGuardOrder: guards are taken first, each once, sorted, in both kinds of transaction; the counter comes after them.
func TestGuardOrder(t *testing.T) {
	for _, searching := range []bool{false, true} {
		x := newScripted(t)
		x.next(nil)
		if err := x.Update(t.Context(), []string{"b", "c", "a", "b", "aa"}, func(tx fhir.Tx) error {
			if _, err := tx.Put(t.Context(), basic("1")); err != nil || !searching {
				return err
			}
			_, err := tx.Read(t.Context(), "Basic", "1") // its own write
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a", "aa", "b", "c"}; !slices.Equal(x.guards, want) {
			t.Errorf("guards were taken as %v", x.guards)
		}
		if len(x.seen) < 3 || x.seen[0] != "update" || x.seen[1] != "find" || x.seen[2] != "findAndModify" || x.seen[len(x.seen)-1] != "commitTransaction" {
			t.Errorf("the transaction went %v", x.seen)
		}
	}
}

// TestCallbackAgain: fn runs again within its transaction, whatever it makes of the error that the conflict gave it.
func TestCallbackAgain(t *testing.T) {
	x := newScripted(t)
	x.next(times(2, "insert", replica.Fault{Code: 112, Text: "WriteConflict", Labels: []string{transient}}))
	runs := 0
	err := x.Update(t.Context(), []string{"g"}, func(tx fhir.Tx) error {
		runs++
		if _, err := tx.Put(t.Context(), basic("1")); err != nil {
			return err
		}
		if _, err := tx.Read(t.Context(), "Basic", "1"); err != nil {
			return errors.New("something else")
		}
		return nil
	})
	if err != nil || runs != 4 { // beside others, and three times within
		t.Errorf("%d runs, %v", runs, err)
	}
	x.next(nil)
	if n := x.events(); n != 2 {
		t.Errorf("%d versions", n)
	}
}

// TestBundle commits a thousand resources at once, and refuses what no transaction holds before the server has to.
func TestBundle(t *testing.T) {
	storetest.Single(t)
	x := newScripted(t)
	x.next(nil)
	if err := x.Update(t.Context(), nil, func(tx fhir.Tx) error {
		for i := range 1000 {
			if _, err := tx.Create(t.Context(), basic(fmt.Sprint("n", i))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n := x.count("insert"); n > 4 || x.count("commitTransaction") != 1 {
		t.Errorf("a thousand resources took %d inserts: %v", n, x.seen)
	}
	long := strings.Repeat("0123456789abcdef", 1<<20)
	for name, r := range map[string]*fhir.Resource{
		"one document":   fhir.Stored("Basic", "long", "", time.Time{}, `{"resourceType":"Basic","id":"long","code":{"text":"`+long+`"}}`),
		"with its index": fhir.Stored("Patient", "long", "", time.Time{}, `{"resourceType":"Patient","id":"long","name":[{"family":"`+long[:6<<20]+`"}]}`),
	} {
		err := x.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), r)
			return err
		})
		if fhir.CodeOf(err) != fhir.TooLong {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	large := fhir.Stored("Basic", "l", "", time.Time{}, `{"resourceType":"Basic","id":"l","code":{"text":"`+long[:3<<20]+`"}}`)
	err := x.Update(t.Context(), nil, func(tx fhir.Tx) error {
		for i := range 200 {
			if _, err := tx.Create(t.Context(), large.WithID(fmt.Sprint("l", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if fhir.CodeOf(err) != fhir.TooCostly {
		t.Errorf("too much at once: %.200v", err)
	}
	if n := x.events(); n != 1000 {
		t.Errorf("%d of the first 1000 versions are there", n)
	}
}

// TestIndexesMissing opens a database in which a collection has no indexes: they are made beside, and it is said that they are.
func TestIndexesMissing(t *testing.T) {
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
	if err := client.Database(mongo.DefaultDatabase).CreateCollection(t.Context(), "Patient"); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	server.Fault = func(c replica.Command) *replica.Fault {
		if c.Name == "createIndexes" && c.Body[0].Value == "Patient" {
			<-release
		}
		return nil
	}
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := mongo.Open(t.Context(), mongo.Options{URI: server.URI(), Params: search.NewParams(spec, nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	building := func() bool {
		jobs, err := s.IndexJobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(jobs) == 1 && jobs[0].Kind == fhir.IndexRebuild && jobs[0].Open() && jobs[0].Percent() == 0
	}
	wait := func(want bool) {
		t.Helper()
		for range 200 {
			if building() == want {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("that indexes are being made is not %v", want)
	}
	wait(true)
	close(release)
	wait(false)
}

// TestTopology tells servers apart.
func TestTopology(t *testing.T) {
	server, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	open := func() error {
		s, err := mongo.Open(context.Background(), mongo.Options{URI: server.URI(), Params: search.NewParams(spec, nil), Timeout: 2 * time.Second})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	if err := open(); err != nil {
		t.Error(err)
	}
	server.Wire = 9
	var topology *mongo.TopologyError
	if err := open(); !errors.As(err, &topology) || !strings.Contains(err.Error(), "5.0") {
		t.Errorf("an old server: %v", err)
	}
	server.Wire, server.Standalone = 0, true
	if err := open(); !errors.As(err, &topology) || !strings.Contains(err.Error(), "rs.initiate(") {
		t.Errorf("a standalone server: %v", err)
	}
}

package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Advice is what there is to say of a cluster to those who run it.
type Advice struct {
	Database    string   `json:"database"`
	ReplicaSet  string   `json:"replicaSet,omitempty"`
	Sharded     bool     `json:"sharded"`
	Permissions string   `json:"permissions"`
	Indexes     []string `json:"indexes"`            // collection, name, and what it serves
	Sharding    []string `json:"sharding,omitempty"` // commands for mongosh, for those who want to spread the largest collections
	Notes       []string `json:"notes,omitempty"`
}

// connected makes a store that can be asked but not used.
func connected(ctx context.Context, o Options, fn func(s *Store, database string) error) error {
	o.Log = slog.New(slog.DiscardHandler)
	s := &Store{options: o, log: o.Log}
	s.options.Now = time.Now
	database, err := s.connect()
	if err != nil {
		return err
	}
	defer func() { _ = s.client.Disconnect(context.WithoutCancel(ctx)) }()
	if err := s.topology(ctx); err != nil {
		return s.inWords(err, database)
	}
	return s.inWords(fn(s, database), database)
}

// Exists reports whether there is a store. It makes none.
func Exists(ctx context.Context, o Options) (there bool, err error) {
	err = connected(ctx, o, func(s *Store, _ string) error {
		err := s.db.Collection(stateName).FindOne(ctx, bson.D{field("_id", "schema")}).Err()
		there = err == nil
		if errors.Is(err, driver.ErrNoDocuments) {
			return nil
		}
		return err
	})
	return there, err
}

// Advise looks at a cluster, tries what a server has to be allowed to do on a collection that it makes and drops, and gives advice.
func Advise(ctx context.Context, o Options) (*Advice, error) {
	a := &Advice{}
	err := connected(ctx, o, func(s *Store, database string) error {
		t, err := s.Topology(ctx)
		if err != nil {
			return err
		}
		a.Database, a.ReplicaSet, a.Sharded = database, t.Set, t.Sharded
		if err := s.tryPermissions(ctx); err != nil {
			if hasCode(err, codeUnauthorized) {
				err = fmt.Errorf("the user of the URI may not do what a server has to (the role readWrite on %s is enough): %w", database, err)
			}
			return err
		}
		a.Permissions = "sufficient"
		for _, collection := range []string{"(a resource type)", eventsName, recordsName, journalName} {
			for _, x := range indexes(collection) {
				a.Indexes = append(a.Indexes, collection+" "+x.name+": "+x.serves)
			}
		}
		a.Sharding = sharding(database)
		s.remark(ctx, a)
		return nil
	})
	return a, err
}

// sharding are the commands that spread what grows most: a collection that is not empty needs the index first. The outbox, the guards and the
// state stay together: every commit writes them.
func sharding(database string) []string {
	list := []string{fmt.Sprintf("sh.enableSharding(%q)", database)}
	for _, typ := range []string{"Observation", "Encounter", "Condition", "Procedure", "MedicationRequest", "DiagnosticReport", "DocumentReference", "Claim", "ExplanationOfBenefit", "AuditEvent", "Provenance"} {
		for _, name := range []string{typ, typ + historySuffix} {
			list = append(list, fmt.Sprintf("db.getSiblingDB(%q).%s.createIndex({_id: \"hashed\"})", database, name), fmt.Sprintf("sh.shardCollection(%q, {_id: \"hashed\"})", database+"."+name))
		}
	}
	return list
}

// tryPermissions does once what a server does all the time.
func (s *Store) tryPermissions(ctx context.Context) error {
	const name = "permission_test"
	c := s.db.Collection(name)
	if err := c.Drop(ctx); err != nil { // what one that was killed has left
		return err
	}
	if err := s.create(ctx, name); err != nil {
		return err
	}
	defer func() { _ = c.Drop(context.WithoutCancel(ctx)) }()
	if _, err := c.Indexes().CreateOne(ctx, driver.IndexModel{Keys: bson.D{field("n", 1)}, Options: options.Index().SetName("n")}); err != nil {
		return err
	}
	session, err := s.client.StartSession()
	if err != nil {
		return err
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, session, func(inside context.Context, _ *driver.Session) error {
			if _, err := c.InsertOne(inside, bson.D{field("_id", "1"), field("n", 1)}); err != nil {
				return err
			}
			_, err := c.UpdateOne(inside, bson.D{field("_id", "1")}, bson.D{field("$set", bson.D{field("n", 2)})})
			return err
		})
		if err == nil {
			break
		}
		if !isTransient(err) || attempt == maxCommits {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	_, err = c.DeleteOne(ctx, bson.D{field("_id", "1")})
	return err
}

// remark looks at settings that matter.
func (s *Store) remark(ctx context.Context, a *Advice) {
	var p struct {
		Lifetime int32 `bson:"transactionLifetimeLimitSeconds"`
	}
	err := s.client.Database("admin").RunCommand(ctx, bson.D{field("getParameter", 1), field("transactionLifetimeLimitSeconds", 1)}).Decode(&p)
	if err == nil && p.Lifetime > adviceLifetime {
		a.Notes = append(a.Notes, fmt.Sprintf("transactionLifetimeLimitSeconds is %d: so long no server can write, if another is killed within its commit; "+
			"db.adminCommand({setParameter: 1, transactionLifetimeLimitSeconds: %d}) shortens that", p.Lifetime, adviceLifetime))
	}
	if !strings.Contains(s.options.URI, "tls=true") && !strings.Contains(s.options.URI, "ssl=true") && !strings.HasPrefix(s.options.URI, "mongodb+srv") {
		a.Notes = append(a.Notes, "the URI does not ask for TLS: what goes to the cluster can be read on the way")
	}
}

// adviceLifetime is how many seconds a transaction should live at most.
const adviceLifetime = 20

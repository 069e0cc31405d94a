package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// schemaVersion is that of the documents this program writes.
const schemaVersion = 1

// SchemaError says that a database was written by a program that knows more than this one.
type SchemaError struct{ Found, Known int64 }

func (e *SchemaError) Error() string {
	return fmt.Sprintf("the database has schema version %d, and this program knows %d; use the newer program", e.Found, e.Known)
}

// Collections beside those of resource types, which are called as the types are.
const (
	stateName   = "state"
	eventsName  = "events"
	guardsName  = "guards"
	recordsName = "records"
	journalName = "journal"

	historySuffix = "_history"
)

// index is an index, and what it is there for.
type index struct {
	name   string
	keys   bson.D
	serves string
}

// indexes is the list of all indexes but those by _id, by the kind of collection.
func indexes(collection string) []index {
	up := func(fields ...string) (keys bson.D) {
		for _, f := range fields {
			keys = append(keys, bson.E{Key: f, Value: 1})
		}
		return keys
	}
	switch collection {
	case eventsName:
		return []index{{"instance", up("type", "id", "vid"), "the history of a resource, _at"}, {"type", up("type", "_id"), "the history of a type"}}
	case recordsName:
		return []index{{"list", up("kind", "key"), "the records of a kind"}, {"owner", up("owner", "kind", "key"), "those of an owner"}, {"expires", up("expires"), "the sweep"}}
	case journalName:
		return []index{{"key", up("keys", "_id"), "entries with a key"}, {"time", up("time"), "entries of a time"}}
	case stateName, guardsName, parametersName, jobsName:
		return nil
	}
	if !readable(collection) || strings.HasSuffix(collection, historySuffix) {
		return nil // a collection of somebody else's has none of ours either
	}
	return []index{
		{"value", up("idx.s", "idx.k", "idx.v", "n"), "every criterion on a search parameter; in the order of n where system or type is given too"},
		{"word", up("words"), "_text and _content"},
		{"created", up("n"), "all of a type, page by page"},
		{"updated", up("seq"), "_sort=_lastUpdated"},
		{"time", up("lastUpdated"), "_lastUpdated"},
	}
}

// collections remembers which collections are known to be there with their indexes.
type collections struct {
	mu    sync.Mutex
	ready map[string]bool
}

func (c *collections) has(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready[name]
}

func (c *collections) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready == nil {
		c.ready = make(map[string]bool)
	}
	c.ready[name] = true
}

// migrate brings the database up to date.
func (s *Store) migrate(ctx context.Context) error {
	state := s.db.Collection(stateName)
	if err := s.look(ctx); err != nil {
		return err
	}
	if err := s.ensure(ctx, stateName); err != nil {
		return err
	}
	var found struct {
		Version int64  `bson:"version"`
		Index   string `bson:"index"`
	}
	_, err := state.UpdateOne(ctx, bson.D{{Key: "_id", Value: "schema"}},
		bson.D{{Key: "$setOnInsert", Value: bson.D{{Key: "version", Value: int64(schemaVersion)}, {Key: "index", Value: search.IndexVersion}}}}, options.UpdateOne().SetUpsert(true))
	if err == nil || driver.IsDuplicateKeyError(err) {
		err = state.FindOne(ctx, bson.D{{Key: "_id", Value: "schema"}}).Decode(&found)
	}
	if err != nil {
		return fmt.Errorf("the database cannot be read and written: %w", err)
	}
	if found.Version > schemaVersion {
		return &SchemaError{found.Version, schemaVersion}
	}
	s.foreignIndex = found.Index != search.IndexVersion
	_, err = state.UpdateOne(ctx, bson.D{{Key: "_id", Value: commitState}}, bson.D{{Key: "$setOnInsert", Value: bson.D{
		{Key: "commits", Value: int64(0)}, {Key: "seq", Value: int64(0)}, {Key: "at", Value: int64(0)}, {Key: "entries", Value: int64(0)}, {Key: "generation", Value: int64(0)}, {Key: "jobs", Value: int64(0)}, {Key: "knocks", Value: int64(0)}}}},
		options.UpdateOne().SetUpsert(true))
	if err != nil && !driver.IsDuplicateKeyError(err) {
		return fmt.Errorf("the database cannot be written: %w", err)
	}
	for _, name := range []string{eventsName, guardsName, recordsName, journalName, parametersName, jobsName} {
		if err := s.ensure(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// create makes a collection; that it is there already is no error. A router has several ways to say that of one that is sharded.
func (s *Store) create(ctx context.Context, name string) error {
	err := s.db.CreateCollection(ctx, name)
	if err == nil || hasCode(err, codeNamespaceExists) {
		return nil
	}
	if there, failed := s.db.ListCollectionNames(ctx, bson.D{field("name", name)}); failed == nil && len(there) == 1 {
		return nil
	}
	return fmt.Errorf("the collection %s cannot be made: %w", name, err)
}

// look finds out which collections are there. Those may be written: indexes that they lack are made beside requests.
func (s *Store) look(ctx context.Context) error {
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("the collections of the database cannot be listed: %w", err)
	}
	for _, name := range names {
		s.known.add(name)
	}
	return nil
}

// ensure makes a collection with its indexes, if this process has not seen it yet. It must not be called within a transaction.
func (s *Store) ensure(ctx context.Context, name string) error {
	if s.known.has(name) {
		return nil
	}
	if err := s.create(ctx, name); err != nil {
		return err
	}
	if err := s.index(ctx, name); err != nil {
		return err
	}
	s.known.add(name)
	return nil
}

// index makes the indexes of a collection. Where it is empty or has them that is a moment; otherwise it waits until a majority of the
// servers has built them, not for one that is down.
func (s *Store) index(ctx context.Context, name string) error {
	var models []driver.IndexModel
	for _, x := range indexes(name) {
		models = append(models, driver.IndexModel{Keys: x.keys, Options: options.Index().SetName(x.name)})
	}
	if len(models) == 0 {
		return nil
	}
	_, err := s.db.Collection(name).Indexes().CreateMany(ctx, models, options.CreateIndexes().SetCommitQuorumMajority())
	if err != nil && !hasCode(err, codeIndexOptionsConflict) {
		return fmt.Errorf("the indexes of %s cannot be made: %w", name, err)
	}
	return nil
}

// upkeep makes indexes that an older program has not made, and sweeps what has expired, until ctx ends. MongoDB builds indexes of
// collections in use without holding up anybody.
func (s *Store) upkeep(ctx context.Context) {
	complete, away := s.completed(ctx), false
	tick, look := time.NewTicker(sweepEvery), time.NewTicker(lookEvery)
	defer tick.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			err := s.refresh(ctx)
			if err != nil && ctx.Err() == nil && !away { // once, not every second
				s.log.Error("what other processes do to the store cannot be told", slog.String("cause", err.Error()))
			}
			away = err != nil
		case <-tick.C:
			complete = complete || s.completed(ctx)
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("expired records cannot be swept", slog.String("cause", err.Error()))
			}
		}
	}
}

// completed reports whether all indexes are there, after it has made those that were not.
func (s *Store) completed(ctx context.Context) bool {
	err := s.complete(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Error("indexes cannot be made", slog.String("cause", err.Error()))
	}
	return err == nil
}

// complete makes the indexes that are missing. Until they are there searches are slow, so the server says that it is not ready.
func (s *Store) complete(ctx context.Context) error {
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return err
	}
	building := &fhir.IndexJob{ID: "indexes", Kind: fhir.IndexRebuild, State: fhir.IndexRunning, Created: s.options.Now()}
	for _, name := range names {
		there, err := s.indexed(ctx, name)
		switch {
		case err != nil:
			return err
		case !there:
			building.Types = append(building.Types, fhir.IndexProgress{Type: name, Total: 1})
		}
	}
	defer s.building.Store(nil)
	for i := range building.Types {
		shown := *building
		shown.Types = slices.Clone(building.Types)
		s.building.Store(&shown)
		if err := s.index(ctx, building.Types[i].Type); err != nil {
			return err
		}
		building.Types[i].Done = 1
	}
	return nil
}

// indexed reports whether a collection has its indexes.
func (s *Store) indexed(ctx context.Context, name string) (bool, error) {
	wanted := indexes(name)
	if len(wanted) == 0 {
		return true, nil
	}
	list, err := s.db.Collection(name).Indexes().ListSpecifications(ctx)
	if err != nil {
		return false, err
	}
	for _, x := range wanted {
		if !slices.ContainsFunc(list, func(have driver.IndexSpecification) bool { return have.Name == x.name }) {
			return false, nil
		}
	}
	return true, nil
}

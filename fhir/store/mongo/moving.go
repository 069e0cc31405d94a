package mongo

import (
	"context"
	"fmt"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// RecordKinds lists the kinds of records that there are, for whoever copies the store: one look-up each.
func (s *Store) RecordKinds(ctx context.Context) (kinds []string, err error) {
	err = s.snapshot(ctx, s.db, func(r *reader) error {
		for last := ""; ; last = kinds[len(kinds)-1] {
			n := len(kinds)
			if err := r.find(ctx, recordsName, bson.D{field("kind", bson.D{field("$gt", last)})}, func(raw bson.Raw) error {
				kinds = append(kinds, raw.Lookup("kind").StringValue())
				return nil
			}, options.Find().SetSort(bson.D{field("kind", 1)}).SetLimit(1).SetProjection(bson.D{field("kind", 1)})); err != nil || len(kinds) == n {
				return err
			}
		}
	})
	return kinds, err
}

// Guards gives at most max guards after a key, in order, with how often each has been taken, for whoever copies the store.
func (s *Store) Guards(ctx context.Context, after string, max int) (counts map[string]int64, last string, err error) {
	counts = make(map[string]int64)
	err = s.snapshot(ctx, s.db, func(r *reader) error {
		return r.find(ctx, guardsName, bson.D{field("_id", bson.D{field("$gt", after)})}, func(raw bson.Raw) error {
			last = raw.Lookup("_id").StringValue()
			counts[last], _ = raw.Lookup("n").AsInt64OK()
			return nil
		}, options.Find().SetSort(bson.D{field("_id", 1)}).SetLimit(int64(max)))
	})
	return counts, last, err
}

// RestoreGuards says how often guards have been taken: in a copy, where nobody has taken them yet.
func (s *Store) RestoreGuards(ctx context.Context, counts map[string]int64) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	if len(counts) == 0 {
		return nil
	}
	var models []driver.WriteModel
	for _, key := range sortedNames(counts) {
		models = append(models, driver.NewUpdateOneModel().SetFilter(bson.D{field("_id", key)}).SetUpsert(true).SetUpdate(bson.D{field("$set", bson.D{field("n", counts[key])})}))
	}
	_, err := s.db.Collection(guardsName).BulkWrite(ctx, models)
	return asOutcome(err)
}

// Restore writes versions as they were in another store, with their times, in one commit: in a copy, where nobody else writes. They
// are to come in the order of their commits, each after the one before it of its resource.
func (s *Store) Restore(ctx context.Context, events []fhir.Event) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	ids := make(map[string][]string)
	for i := range events {
		ids[events[i].Type] = append(ids[events[i].Type], events[i].ID)
	}
	for _, typ := range sortedNames(ids) {
		if err := s.ensureFor(ctx, []*write{{typ: typ}}); err != nil {
			return asOutcome(err)
		}
	}
	return s.writer.runWithin(ctx, nil, func(tx fhir.Tx) error {
		within, ok := tx.(*withinTx)
		if !ok {
			return fhir.Internal(errNotWithin)
		}
		olds, err := within.rowsOf(ctx, ids)
		if err != nil {
			return within.check(err)
		}
		for i := range events {
			if err := within.restore(olds, &events[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

const errNotWithin = constError("a copy has to be written within a transaction")

// rowsOf reads of current versions what the next ones are made of.
func (tx *withinTx) rowsOf(ctx context.Context, ids map[string][]string) (map[resourceName]row, error) {
	olds := make(map[resourceName]row)
	for _, typ := range sortedNames(ids) {
		err := tx.find(ctx, typ, byIDs(ids[typ]), func(raw bson.Raw) error {
			r := row{id: raw.Lookup("_id").StringValue()}
			r.vid, _ = raw.Lookup("vid").AsInt64OK()
			r.n, _ = raw.Lookup("n").AsInt64OK()
			r.deleted, _ = raw.Lookup("deleted").BooleanOK()
			olds[resourceName{typ, r.id}] = r
			return nil
		}, options.Find().SetProjection(bson.D{field("vid", 1), field("n", 1), field("deleted", 1)}))
		if err != nil {
			return nil, err
		}
	}
	return olds, nil
}

func (tx *withinTx) restore(olds map[resourceName]row, e *fhir.Event) error {
	name := resourceName{e.Type, e.ID}
	old := olds[name]
	w, err := tx.store.prepare(e.Type, e.ID, e.Resource, old)
	if err != nil {
		return fmt.Errorf("version %s of a %s: %w", e.VersionID, e.Type, err)
	}
	tx.now = time.UnixMilli(max(tx.counters.At, e.LastUpdated.UnixMilli())).UTC()
	if w.version.VersionID != e.VersionID || !tx.now.Equal(e.LastUpdated) {
		return fmt.Errorf("version %s of a %s of %s would become version %s of %s", e.VersionID, e.Type, e.LastUpdated, w.version.VersionID, tx.now)
	}
	tx.wrote = true
	tx.put(w)
	olds[name] = tx.current[e.Type+"/"+e.ID].row
	return nil
}

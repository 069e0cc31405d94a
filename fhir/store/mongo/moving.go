package mongo

import (
	"context"

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

package mongo

import (
	"bytes"
	"context"
	"fmt"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// Check looks over the whole store, on one snapshot: that the outbox has no gaps and every event its version, that current documents
// are what the newest version says, and are found by what search.Params.Values gives, and that the journal's chain holds.
func (s *Store) Check(ctx context.Context) error {
	if broken, err := s.VerifyJournal(ctx, nil); err != nil || broken != 0 {
		if err == nil {
			err = fmt.Errorf("entry %d of the journal is not what it was", broken)
		}
		return err
	}
	return s.snapshot(ctx, s.db, func(r *reader) error {
		newest, err := r.checkOutbox(ctx)
		if err != nil {
			return err
		}
		types := make(map[string]bool)
		for name := range newest {
			types[name.typ] = true
		}
		for _, typ := range sortedNames(types) {
			if err := r.checkType(ctx, typ, newest); err != nil {
				return err
			}
		}
		for name := range newest {
			return fmt.Errorf("a %s of the outbox is not there", name.typ)
		}
		return nil
	})
}

type resourceName struct{ typ, id string }

// checkOutbox follows the events and gives the newest of each resource.
func (r *reader) checkOutbox(ctx context.Context) (map[resourceName]outboxEvent, error) {
	newest := make(map[resourceName]outboxEvent)
	var after, at int64
	for {
		var batch []outboxEvent
		if err := r.find(ctx, eventsName, bson.D{field("_id", bson.D{field("$gt", after)})}, func(raw bson.Raw) error {
			var e outboxEvent
			err := bson.Unmarshal(raw, &e)
			batch = append(batch, e)
			return err
		}, options.Find().SetSort(bson.D{field("_id", 1)}).SetLimit(verifyBatch)); err != nil {
			return nil, err
		}
		if _, err := r.events(ctx, batch); err != nil {
			return nil, err
		}
		for _, e := range batch {
			name := resourceName{e.Type, e.ID}
			if e.Seq != after+1 || e.At < at || e.Vid != newest[name].Vid+1 {
				return nil, fmt.Errorf("event %d of the outbox is out of order", e.Seq)
			}
			after, at, newest[name] = e.Seq, e.At, e
		}
		if len(batch) < verifyBatch {
			return newest, nil
		}
	}
}

// checkType compares the current documents of a type with their newest versions, and takes those out of the list.
func (r *reader) checkType(ctx context.Context, typ string, newest map[resourceName]outboxEvent) error {
	return r.find(ctx, typ, bson.D{}, func(raw bson.Raw) error {
		got, err := readRow(raw)
		if err != nil {
			return fmt.Errorf("a document of %s cannot be read: %w", typ, err)
		}
		name := resourceName{typ, got.id}
		e, known := newest[name]
		if !known || e.Vid != got.vid || e.Seq != got.seq || e.At != got.at.UnixMilli() || (e.Method == deleted) != got.deleted {
			return fmt.Errorf("a current %s is not what event %d says", typ, e.Seq)
		}
		delete(newest, name)
		if got.deleted {
			return nil
		}
		return r.checkIndex(ctx, typ, &got, raw)
	})
}

func (r *reader) checkIndex(ctx context.Context, typ string, got *row, raw bson.Raw) error {
	version, err := r.one(ctx, typ+historySuffix, versionID(got.id, got.vid), nil)
	if err != nil {
		return err
	}
	before, err := readRow(version)
	if err != nil || before.body != got.body {
		return fmt.Errorf("the content of event %d is not that of its version", got.seq)
	}
	want, err := appendIndex(nil, r.store.options.Params, fhir.Stored(typ, got.id, "", got.at, got.body))
	if err != nil {
		return err
	}
	var have []byte
	for _, name := range []string{"compartments", "idx", "words"} {
		v := raw.Lookup(name)
		have = bsoncore.AppendValueElement(have, name, bsoncore.Value{Type: bsoncore.Type(v.Type), Data: v.Value})
	}
	if !bytes.Equal(want, have) {
		return fmt.Errorf("the index of event %d is not what the resource gives", got.seq)
	}
	return nil
}

package mongo

import (
	"bytes"
	"context"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// storedEntry is an entry of the journal as its document has it. Its time is in microseconds, which a BSON time does not have.
type storedEntry struct {
	Seq  int64    `bson:"_id"`
	Time int64    `bson:"time"`
	Keys []string `bson:"keys"`
	Body []byte   `bson:"body"`
	Hash []byte   `bson:"hash"`
}

// Append implements fhir.Journal: it shares a commit with whoever else is waiting.
func (s *Store) Append(ctx context.Context, entries ...*fhir.JournalEntry) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	if len(entries) == 0 {
		return nil
	}
	return asOutcome(s.writer.commit(&stagedTx{store: s, ctx: ctx, entries: entries}))
}

// maxEntries is how many entries are read where the query does not say.
const maxEntries = 1000

// Entries implements fhir.Journal.
func (s *Store) Entries(ctx context.Context, q fhir.JournalQuery) (list []*fhir.JournalEntry, err error) {
	if q.Max < 0 {
		return nil, nil
	}
	filter := bson.D{}
	place := bson.D{{Key: "$gt", Value: q.After}}
	if q.Before > 0 {
		place = append(place, bson.E{Key: "$lt", Value: q.Before})
	}
	filter = append(filter, bson.E{Key: "_id", Value: place})
	if q.Key != "" {
		filter = append(filter, bson.E{Key: "keys", Value: q.Key})
	}
	times := bson.D{}
	if !q.From.IsZero() {
		times = append(times, bson.E{Key: "$gte", Value: microsUp(q.From)})
	}
	if !q.To.IsZero() {
		times = append(times, bson.E{Key: "$lt", Value: microsUp(q.To)})
	}
	if len(times) > 0 {
		filter = append(filter, bson.E{Key: "time", Value: times})
	}
	order, most := 1, q.Max
	if q.Descending {
		order = -1
	}
	if most == 0 {
		most = maxEntries
	}
	err = s.snapshot(ctx, s.db, func(r *reader) error {
		return r.find(ctx, journalName, filter, func(raw bson.Raw) error {
			var e storedEntry
			if err := bson.Unmarshal(raw, &e); err != nil {
				return fhir.Internal(err)
			}
			list = append(list, &fhir.JournalEntry{Seq: e.Seq, Time: time.UnixMicro(e.Time).UTC(), Keys: e.Keys, Body: e.Body, Hash: e.Hash})
			return nil
		}, options.Find().SetSort(bson.D{{Key: "_id", Value: order}}).SetLimit(int64(most)))
	})
	return list, err
}

// microsUp is a time in microseconds, rounded up.
func microsUp(t time.Time) int64 {
	micros := t.UnixMicro()
	if time.UnixMicro(micros).Before(t) {
		micros++
	}
	return micros
}

// VerifyJournal follows the chain of hashes: see fhir.JournalHash. It returns the first entry that is not what it was, 0 where there is
// none, and calls fn, which may be nil, now and then with how many are sound. It goes as far as the journal reaches when it is called.
func (s *Store) VerifyJournal(ctx context.Context, fn func(checked int64)) (firstBroken int64, err error) {
	newest, err := s.Entries(ctx, fhir.JournalQuery{Descending: true, Max: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	var seq int64
	var hash []byte
	for seq < newest[0].Seq {
		entries, err := s.Entries(ctx, fhir.JournalQuery{After: seq, Before: newest[0].Seq + 1})
		if err != nil {
			return 0, err
		}
		if len(entries) == 0 {
			return seq + 1, nil
		}
		for _, e := range entries {
			if e.Seq != seq+1 || !bytes.Equal(e.Hash, fhir.JournalHash(s.options.JournalKey, hash, e)) {
				return seq + 1, nil
			}
			seq, hash = e.Seq, e.Hash
		}
		if fn != nil {
			fn(seq)
		}
	}
	return 0, nil
}

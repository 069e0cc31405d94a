package mongo

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// recordName is what there is at most one record of.
type recordName struct{ kind, key string }

// id is the _id of its document.
func (n recordName) id() string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(n.kind) + "/" + n.key
}

// storedRecord is a record as its document has it, perhaps expired. The zero value stands for "there is none".
type storedRecord struct {
	Kind    string `bson:"kind"`
	Key     string `bson:"key"`
	Owner   string `bson:"owner"`
	Expires int64  `bson:"expires"` // seconds since 1970; 0 = never
	Version int64  `bson:"version"` // random, so that what is kept anew is not taken for what was there before; 0 = there is none
	Value   []byte `bson:"value"`
}

// liveAt reports whether there is such a record at a time, in seconds since 1970.
func (r *storedRecord) liveAt(now int64) bool {
	return r.Version != 0 && (r.Expires == 0 || r.Expires > now)
}

const errNameless = constError("a record needs a kind and a key")

// toStore gives a record what it is stored with.
func toStore(r *fhir.Record) (*storedRecord, error) {
	if r.Kind == "" || r.Key == "" {
		return nil, fhir.Internal(errNameless)
	}
	if len(r.Value) > maxDocument {
		return nil, tooLarge()
	}
	w := &storedRecord{Kind: r.Kind, Key: r.Key, Owner: r.Owner, Value: slices.Clone(r.Value), Version: rand.Int64N(math.MaxInt64) + 1} //nolint:gosec // no secret
	if !r.Expires.IsZero() {
		w.Expires = max(1, r.Expires.Unix())
	}
	return w, nil
}

// record gives what a caller may do with as it likes.
func (r *storedRecord) record() *fhir.Record {
	out := &fhir.Record{Kind: r.Kind, Key: r.Key, Owner: r.Owner, Value: slices.Clone(r.Value)}
	if r.Expires != 0 {
		out.Expires = time.Unix(r.Expires, 0).UTC()
	}
	return out
}

func noRecord(kind string) error { return fhir.Errorf(fhir.NotFound, "there is no such %s", kind) }

// second is the time by which records expire.
func (s *Store) second() int64 { return s.options.Now().Unix() }

// recordOf reads a record, expired or not.
func (r *reader) recordOf(ctx context.Context, n recordName) (got storedRecord, err error) {
	raw, err := r.one(ctx, recordsName, n.id(), nil)
	if raw == nil || err != nil {
		return got, err
	}
	return got, asOutcome(bson.Unmarshal(raw, &got))
}

// Record implements fhir.RecordReader.
func (r *reader) Record(ctx context.Context, kind, key string) (*fhir.Record, error) {
	got, err := r.recordOf(ctx, recordName{kind, key})
	if err != nil {
		return nil, err
	}
	if !got.liveAt(r.store.second()) {
		return nil, noRecord(kind)
	}
	return got.record(), nil
}

// Records implements fhir.RecordReader.
func (r *reader) Records(ctx context.Context, kind, owner, after string, max int) (list []*fhir.Record, err error) {
	l := recordList{kind: kind, owner: owner, after: after, max: max, now: r.store.second()}
	err = r.records(ctx, &l, func(got *storedRecord) { list = append(list, got.record()) })
	return list, err
}

// recordList is a list that was asked for.
type recordList struct {
	kind, owner, after string
	max                int
	now                int64   // in seconds: what has expired by then is not in it
	versions           []int64 // of what was in it
}

func (l *recordList) filter() bson.D {
	f := bson.D{{Key: "kind", Value: l.kind}, {Key: "key", Value: bson.D{{Key: "$gt", Value: l.after}}},
		{Key: "$or", Value: bson.A{bson.D{{Key: "expires", Value: int64(0)}}, bson.D{{Key: "expires", Value: bson.D{{Key: "$gt", Value: l.now}}}}}}}
	if l.owner != "" {
		f = append(f, bson.E{Key: "owner", Value: l.owner})
	}
	return f
}

// records calls each with the records of a list.
func (r *reader) records(ctx context.Context, l *recordList, each func(*storedRecord)) error {
	if l.max < 1 {
		return nil
	}
	return r.find(ctx, recordsName, l.filter(), func(raw bson.Raw) error {
		var got storedRecord
		if err := bson.Unmarshal(raw, &got); err != nil {
			return fhir.Internal(err)
		}
		each(&got)
		return nil
	}, options.Find().SetSort(bson.D{{Key: "key", Value: 1}}).SetLimit(int64(l.max)))
}

// sweepEvery is how often what has expired is removed. Until then it is there, and nobody sees it.
const sweepEvery = time.Minute

func (s *Store) sweep(ctx context.Context) error {
	_, err := s.db.Collection(recordsName).DeleteMany(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: s.second()}}}})
	return err
}

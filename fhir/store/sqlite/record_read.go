package sqlite

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// recordName is what there is at most one record of.
type recordName struct{ kind, key string }

// storedRecord is a record as the table has it, perhaps expired. The zero value stands for "there is none".
type storedRecord struct {
	owner   string
	expires int64 // seconds since 1970; 0 = never
	version int64 // 0 = there is none
	value   []byte
}

// expiryOf gives the second from which on a record has expired.
func expiryOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, t.Unix()) // 0 is taken, and as long ago as 1
}

// liveAt reports whether there is such a record at a time, in seconds since 1970.
func (r *storedRecord) liveAt(now int64) bool {
	return r.version != 0 && (r.expires == 0 || r.expires > now)
}

// copy keeps whoever gets the value from changing it.
func (r *storedRecord) copy() *storedRecord {
	c := *r
	c.value = slices.Clone(r.value)
	return &c
}

const errNameless = constError("a record needs a kind and a key")

// toStore gives a record what it is stored with. The empty key is left out: a list begins after it.
func toStore(r *fhir.Record) (*storedRecord, error) {
	if r.Kind == "" || r.Key == "" {
		return nil, fhir.Internal(errNameless)
	}
	version := rand.Int64N(math.MaxInt64) + 1 //nolint:gosec // no secret: it has to be another, which it is but once in 2^63 times
	return &storedRecord{owner: r.Owner, expires: expiryOf(r.Expires), version: version, value: slices.Clone(r.Value)}, nil
}

func (r *storedRecord) record(n recordName) *fhir.Record {
	out := &fhir.Record{Kind: n.kind, Key: n.key, Owner: r.owner, Value: r.value}
	if r.expires != 0 {
		out.Expires = time.Unix(r.expires, 0).UTC()
	}
	return out
}

func noRecord(kind string) error {
	return fhir.Errorf(fhir.NotFound, "there is no such %s", kind)
}

// second is the time by which records expire.
func (s *Store) second() int64 { return s.options.Now().Unix() }

// recordOf reads a record, expired or not.
func (c *conn) recordOf(n recordName) (got storedRecord, err error) {
	stmt := c.record
	stmt.BindText(1, n.kind)
	stmt.BindText(2, n.key)
	found, err := stmt.Step()
	if found {
		got = scanRecord(stmt, 0)
	}
	return got, firstError(err, stmt.Reset())
}

// scanRecord reads, from a column on, owner, expires, version and value.
func scanRecord(stmt *sqlite.Stmt, column int) storedRecord {
	return storedRecord{owner: stmt.ColumnText(column), expires: stmt.ColumnInt64(column + 1), version: stmt.ColumnInt64(column + 2),
		value: columnBytes(stmt, column+3)}
}

// Record implements fhir.RecordReader.
func (r *reader) Record(_ context.Context, kind, key string) (*fhir.Record, error) {
	n := recordName{kind, key}
	got, err := r.conn.recordOf(n)
	if err != nil {
		return nil, asOutcome(err)
	}
	if !got.liveAt(r.store.second()) {
		return nil, noRecord(kind)
	}
	return got.record(n), nil
}

// Records implements fhir.RecordReader.
func (r *reader) Records(ctx context.Context, kind, owner, after string, max int) (list []*fhir.Record, err error) {
	l := recordList{kind: kind, owner: owner, after: after, max: max, now: r.store.second()}
	err = r.records(ctx, &l, func(n recordName, got storedRecord) { list = append(list, got.record(n)) })
	return list, err
}

// recordList is a list that was asked for.
type recordList struct {
	kind, owner, after string
	max                int
	now                int64   // in seconds: what has expired by then is not in it
	versions           []int64 // of what was in it
}

// records calls each with the records of a list.
func (r *reader) records(ctx context.Context, l *recordList, each func(recordName, storedRecord)) error {
	if l.max < 1 {
		return nil // SQLite takes a negative limit for none
	}
	return r.query(ctx, l.statement("key, owner, expires, version, value"), func(stmt *sqlite.Stmt) error {
		each(recordName{l.kind, stmt.ColumnText(0)}, scanRecord(stmt, 1))
		return nil
	})
}

// statement asks for columns of a list. SQLite would rather go through the whole kind than look rows up by the index of owners.
func (l *recordList) statement(columns string) *statement {
	s := sql("SELECT " + columns + " FROM record ")
	if l.owner != "" {
		s.add("INDEXED BY record_owner WHERE owner = ? AND owner <> '' AND ", l.owner)
	} else {
		s.add("WHERE ")
	}
	return s.add("kind = ? AND key > ? AND (expires = 0 OR expires > ?) ORDER BY key LIMIT (? + 0)", l.kind, l.after, l.now, l.max)
}

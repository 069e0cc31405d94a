package fhir

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Record is something a server has to remember that is no resource: a registered client, a user, a session, a token. Nothing that
// lets its bearer in is kept in clear: Key is a digest where what it names is secret.
type Record struct {
	Kind    string    // "client", "user", "session" …
	Key     string    // unique within the kind
	Owner   string    // what it belongs to: the user of a session, the grant of a token; "" = nothing
	Expires time.Time // from then on there is no such record any more, to the second; zero = never
	Value   []byte    // JSON
}

// RecordReader reads records.
type RecordReader interface {
	// Record returns a record. Errors: NotFound, also for one that has expired.
	Record(ctx context.Context, kind, key string) (*Record, error)
	// Records lists at most max records of a kind in the order of their keys, beginning after a key; owner "" = whoever's.
	Records(ctx context.Context, kind, owner, after string, max int) ([]*Record, error)
}

// Recorder reads and writes records. Two updates that read the same record and write it, or that list an owner's records and
// write one of that owner, do not both go by what was there before: the second runs again and sees what the first wrote.
type Recorder interface {
	RecordReader
	// Keep writes a record, over the one with its kind and key if there is any. In View it fails.
	Keep(ctx context.Context, r *Record) error
	// Drop ends a record; that there is none is no error. In View it fails.
	Drop(ctx context.Context, kind, key string) error
}

// Decode reads the Value, which is JSON, into v. Errors: Exception where it is none that v can hold.
func (r *Record) Decode(v any) error {
	if err := json.Unmarshal(r.Value, v); err != nil {
		return Internal(fmt.Errorf("the value of a %s record cannot be read: %w", r.Kind, err))
	}
	return nil
}

// KeepValue keeps a record with v, as JSON, for its Value.
func KeepValue(ctx context.Context, tx Recorder, r Record, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return Internal(fmt.Errorf("the value of a %s record cannot be written: %w", r.Kind, err))
	}
	r.Value = text
	return tx.Keep(ctx, &r)
}

// RecordValue reads the JSON value of a record into v. Where there is no such record, found is false and v stays as it is.
func RecordValue(ctx context.Context, in RecordReader, kind, key string, v any) (found bool, err error) {
	r, err := in.Record(ctx, kind, key)
	if CodeOf(err) == NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, r.Decode(v)
}

// JournalEntry is a line of a store's journal: the append-only, hash-chained log that the audit trail is kept in.
type JournalEntry struct {
	Seq  int64     // given at the commit, from 1, without gaps
	Time time.Time // when it was appended
	// Keys are what it can be found by: digests where what they stand for is a patient's.
	Keys []string
	Body []byte
	// Hash is that of the entry before it and of this one: see JournalHash. It is given at the commit.
	Hash []byte
}

// Journal is the log of a store. Entries that must stand or fall with a write are appended through the Tx of that write.
type Journal interface {
	// Append appends entries in their order, in one commit.
	Append(ctx context.Context, entries ...*JournalEntry) error
	// Entries reads the journal.
	Entries(ctx context.Context, q JournalQuery) ([]*JournalEntry, error)
}

// JournalQuery says what is wanted of a journal.
type JournalQuery struct {
	Key        string    // only entries with this key; "" = all
	From, To   time.Time // only entries at or after, and before; zero = open
	After      int64     // ascending from the entry after this one
	Before     int64     // descending from the entry before this one; 0 and Descending = from the newest
	Descending bool
	Max        int
}

package sqlite

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// maxEntries is how many entries are read where the query does not say.
const maxEntries = 1000

// Entries implements fhir.Journal.
func (s *Store) Entries(ctx context.Context, q fhir.JournalQuery) (entries []*fhir.JournalEntry, err error) {
	if err := s.admission.enter(ctx); err != nil {
		return nil, err
	}
	defer s.admission.leave()
	c, err := s.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.put(c)
	if err := c.begin(); err != nil {
		return nil, asOutcome(err)
	}
	defer c.end()
	r := reader{s, c}
	return r.entries(ctx, q)
}

// entries reads the journal on the reader's snapshot.
func (r *reader) entries(ctx context.Context, q fhir.JournalQuery) (entries []*fhir.JournalEntry, err error) {
	most := q.Max
	if most == 0 {
		most = maxEntries
	}
	if most < 0 {
		return nil, nil
	}
	low, high, err := r.entryBounds(ctx, q)
	if err != nil || low >= high {
		return nil, err
	}
	search := &entrySearch{reader: r, q: q, low: low, high: high, most: most, from: microsUp(q.From, math.MinInt64), to: microsUp(q.To, math.MaxInt64)}
	if q.Key == "" {
		err = search.walk(ctx)
	} else {
		err = search.look(ctx)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return search.found, err
}

// entrySearch is a question to the journal.
type entrySearch struct {
	*reader
	q         fhir.JournalQuery
	low, high int64 // between these entries
	from, to  int64 // in microseconds: at or after, and before
	most      int
	found     []*fhir.JournalEntry
}

const selectEntry = "SELECT seq, time, keys, body, hash FROM journal WHERE "

// walk reads the entries in their order.
func (s *entrySearch) walk(ctx context.Context) error {
	return s.query(ctx, sql(selectEntry+"seq > ? AND seq < ? AND time >= ? AND time < ? ORDER BY seq"+s.direction(), s.low, s.high, s.from, s.to), s.add)
}

const selectPosting = `SELECT seq, more FROM journal_key WHERE key = ? AND seq < ?
	AND seq >= coalesce((SELECT max(seq) FROM journal_key WHERE key = ? AND seq <= ?), 0) ORDER BY seq`

// look reads the entries with a key. The row that begins last before the first of them may reach beyond its beginning.
func (s *entrySearch) look(ctx context.Context) error {
	key := keyNumber(s.q.Key)
	return s.query(ctx, sql(selectPosting+s.direction(), key, s.high, key, s.low), func(stmt *sqlite.Stmt) error {
		seqs := posted(stmt.ColumnInt64(0), columnBytes(stmt, 1))
		if s.q.Descending {
			slices.Reverse(seqs)
		}
		for _, seq := range seqs {
			if seq <= s.low || seq >= s.high {
				continue
			}
			if err := s.one(seq); err != nil {
				return err
			}
		}
		return nil
	})
}

// one adds the entry with a number, if it is of the right time.
func (s *entrySearch) one(seq int64) error {
	stmt := s.conn.entry
	stmt.BindInt64(1, seq)
	stmt.BindInt64(2, s.from)
	stmt.BindInt64(3, s.to)
	found, err := stmt.Step()
	if found {
		err = s.add(stmt)
	}
	return firstError(err, stmt.Reset())
}

func (s *entrySearch) direction() string {
	if s.q.Descending {
		return " DESC"
	}
	return ""
}

// add takes an entry; errEnough says that there are as many as are wanted.
func (s *entrySearch) add(stmt *sqlite.Stmt) error {
	e := scanEntry(stmt)
	if s.q.Key == "" || slices.Contains(e.Keys, s.q.Key) {
		s.found = append(s.found, e)
	}
	if len(s.found) == s.most {
		return errEnough
	}
	return nil
}

// entryBounds says between which entries those are that a query asks for.
func (r *reader) entryBounds(ctx context.Context, q fhir.JournalQuery) (low, high int64, err error) {
	low, high = q.After, math.MaxInt64
	if q.Before > 0 {
		high = q.Before
	}
	if q.From.IsZero() && q.To.IsZero() {
		return low, high, nil
	}
	s := sql("SELECT coalesce(min(first), 1), coalesce(max(last), 0) FROM journal_minute WHERE 1")
	if !q.From.IsZero() {
		s.add(" AND minute >= ?", minuteOf(microsUp(q.From, 0)))
	}
	if !q.To.IsZero() {
		s.add(" AND minute <= ?", minuteOf(microsUp(q.To, 0)))
	}
	err = r.query(ctx, s, func(stmt *sqlite.Stmt) error {
		low, high = max(low, stmt.ColumnInt64(0)-1), min(high, stmt.ColumnInt64(1)+1)
		return nil
	})
	return low, high, err
}

// microsUp gives a time in microseconds, rounded up; zero is open.
func microsUp(t time.Time, open int64) int64 {
	if t.IsZero() {
		return open
	}
	return t.Add(time.Microsecond - 1).UnixMicro()
}

// scanEntry reads the columns seq, time, keys, body and hash.
func scanEntry(stmt *sqlite.Stmt) *fhir.JournalEntry {
	return &fhir.JournalEntry{
		Seq: stmt.ColumnInt64(0), Time: time.UnixMicro(stmt.ColumnInt64(1)).UTC(), Keys: unpackKeys(columnBytes(stmt, 2)), Body: columnBytes(stmt, 3), Hash: columnBytes(stmt, 4),
	}
}

func columnBytes(stmt *sqlite.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}

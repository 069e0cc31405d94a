package sqlite

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// journal is what the writer knows of the journal: its end, and what the running transaction has yet to write about it.
type journal struct {
	seq     int64
	hash    []byte
	keys    []journalKey // in the order of entries
	minutes []journalMinute
	buf     []byte
}

type journalKey struct{ key, seq int64 }

type journalMinute struct{ minute, first, last int64 }

// maxJournalKeys is how many keys wait to be written together.
const maxJournalKeys = 1 << 16

// readJournal finds the end of the journal, which another process may have moved.
func (w *writer) readJournal() error {
	j := &w.journal
	stmt := w.newestEntry
	j.seq, j.hash = 0, nil
	found, err := stmt.Step()
	if found {
		j.seq = stmt.ColumnInt64(0)
		j.hash = columnBytes(stmt, 1)
	}
	return firstError(err, stmt.Reset())
}

// appendEntry gives an entry its number and its hash, and writes it.
func (w *writer) appendEntry(e *fhir.JournalEntry) error {
	j := &w.journal
	at := e.Time.UnixMicro()
	if e.Time.IsZero() {
		at = w.counters.now * 1000
	}
	e.Seq, e.Time = j.seq+1, time.UnixMicro(at).UTC()
	e.Hash = fhir.JournalHash(w.store.options.JournalKey, j.hash, e)
	stmt := w.insertEntry
	stmt.BindInt64(1, e.Seq)
	stmt.BindInt64(2, at)
	j.buf = packKeys(j.buf[:0], e.Keys)
	stmt.BindBytes(3, j.buf)
	stmt.BindBytes(4, e.Body)
	stmt.BindBytes(5, e.Hash)
	if err := run(stmt); err != nil {
		return fmt.Errorf("appending entry %d: %w", e.Seq, err)
	}
	j.seq, j.hash = e.Seq, e.Hash
	for _, number := range keyNumbers(e.Keys) {
		j.keys = append(j.keys, journalKey{number, e.Seq})
	}
	j.note(minuteOf(at), e.Seq)
	if len(j.keys) < maxJournalKeys {
		return nil
	}
	return w.writeJournal()
}

// note enters an entry with the others of its minute.
func (j *journal) note(minute, seq int64) {
	for i := range slices.Backward(j.minutes) {
		if j.minutes[i].minute == minute {
			j.minutes[i].last = seq
			return
		}
	}
	j.minutes = append(j.minutes, journalMinute{minute, seq, seq})
}

// writeJournal writes what entries are found by, in the order of the tables.
func (w *writer) writeJournal() error {
	j := &w.journal
	slices.SortFunc(j.keys, func(a, b journalKey) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq)) })
	for rest := j.keys; len(rest) > 0; {
		n := 0
		n, j.buf = posting(j.buf[:0], rest)
		w.insertEntryKey.BindInt64(1, rest[0].key)
		w.insertEntryKey.BindInt64(2, rest[0].seq)
		w.insertEntryKey.BindBytes(3, j.buf)
		if err := run(w.insertEntryKey); err != nil {
			return fmt.Errorf("entering the keys of entry %d: %w", rest[0].seq, err)
		}
		rest = rest[n:]
	}
	for _, m := range j.minutes {
		w.insertMinute.BindInt64(1, m.minute)
		w.insertMinute.BindInt64(2, m.first)
		w.insertMinute.BindInt64(3, m.last)
		if err := run(w.insertMinute); err != nil {
			return fmt.Errorf("entering the time of entry %d: %w", m.first, err)
		}
	}
	j.forget()
	return nil
}

// forget drops what was to be written.
func (j *journal) forget() { j.keys, j.minutes = j.keys[:0], j.minutes[:0] }

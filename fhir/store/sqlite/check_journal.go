package sqlite

import (
	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// journal follows the chain of the journal, and looks whether entries are found by their keys and times.
func (k *checking) journal() error {
	minutes := make(map[int64]journalMinute)
	if err := k.query(k.ctx, sql("SELECT minute, first, last FROM journal_minute"), func(stmt *sqlite.Stmt) error {
		m := journalMinute{stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(2)}
		minutes[m.minute] = m
		return nil
	}); err != nil {
		return err
	}
	var there, wanted tally
	v := verification{key: k.store.options.JournalKey}
	for {
		entries, err := k.entries(k.ctx, fhir.JournalQuery{After: v.seq})
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		if broken := v.check(entries); broken != 0 {
			k.problem("entry %d of the journal is not what was appended, or is missing", broken)
			return nil
		}
		for _, e := range entries {
			wanted.addEntry(e)
			if m, ok := minutes[minuteOf(e.Time.UnixMicro())]; !ok || e.Seq < m.first || e.Seq > m.last {
				k.problem("entry %d of the journal is not found by its time", e.Seq)
			}
		}
	}
	if err := k.query(k.ctx, sql("SELECT key, seq, more FROM journal_key"), func(stmt *sqlite.Stmt) error {
		for _, seq := range posted(stmt.ColumnInt64(1), columnBytes(stmt, 2)) {
			there.add(journalKey{stmt.ColumnInt64(0), seq})
		}
		return nil
	}); err != nil {
		return err
	}
	if there != wanted {
		k.problem("the keys of the journal are not those of its entries: there are %d and should be %d", there.n, wanted.n)
	}
	return nil
}

// tally compares what comes in different orders.
type tally struct {
	n   int64
	sum uint64
}

func (t *tally) addEntry(e *fhir.JournalEntry) {
	for _, number := range keyNumbers(e.Keys) {
		t.add(journalKey{number, e.Seq})
	}
}

func (t *tally) add(k journalKey) {
	t.n++
	x := uint64(k.key) ^ uint64(k.seq)*0x9e3779b97f4a7c15 //nolint:gosec // bits
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	t.sum += x ^ x>>31
}

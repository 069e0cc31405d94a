package sqlite

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// recordRows counts what a condition holds for in table record.
func recordRows(t *testing.T, s *Store, where string) (n int) {
	t.Helper()
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		return tx.(*viewTx).conn.each("SELECT count(*) FROM record WHERE "+where, func(stmt *sqlite.Stmt) error {
			n = stmt.ColumnInt(0)
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRecordSweep lets records expire: later writes end some of them each, and the writer ends the rest when it has nothing to do.
func TestRecordSweep(t *testing.T) {
	s := openInternal(t)
	var ahead atomic.Int64
	s.options.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	const n = 2000
	keep := func(kind string, from, to int, life time.Duration) {
		t.Helper()
		if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
			for i := from; i < to; i++ {
				r := &fhir.Record{Kind: kind, Key: fmt.Sprint(i), Owner: "o"}
				if life > 0 {
					r.Expires = s.options.Now().Add(life)
				}
				if err := tx.Keep(t.Context(), r); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	keep("token", 0, n, time.Hour)
	keep("client", 0, 10, 0)
	keep("token", 0, 10, 3*time.Hour)
	ahead.Store(int64(2 * time.Hour))
	keep("client", 0, 10, 0)
	if got, want := recordRows(t, s, "kind = 'token'"), n-2*10-leastSwept; got != want {
		t.Errorf("after one write there are %d tokens, and should be %d", got, want)
	}
	keep("code", 0, 500, time.Hour)
	if got, want := recordRows(t, s, "kind = 'token'"), n-2*10-2*500-2*leastSwept; got != want {
		t.Errorf("after many writes there are %d tokens, and should be %d", got, want)
	}
	for range 100 { // a second and something
		if recordRows(t, s, "kind = 'token'") == 10 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for kind, want := range map[string]int{"token": 10, "client": 10, "code": 500} {
		if got := recordRows(t, s, "kind = '"+kind+"'"); got != want {
			t.Errorf("in the end there are %d of %s, and should be %d", got, kind, want)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRecordPlans: no statement about records or the journal walks a table.
func TestRecordPlans(t *testing.T) {
	s := openInternal(t)
	page := recordList{kind: "k", owner: "o", after: "a", max: 5}
	all := recordList{kind: "k", after: "a", max: 5}
	for name, q := range map[string]struct {
		sql  string
		want []string
	}{
		"expired": {"SELECT 1 FROM record WHERE expires <> 0 AND expires <= ? LIMIT 1", []string{"record_expires (expires<?)"}},
		"sweep":   {"DELETE FROM record WHERE (kind, key) IN (SELECT kind, key FROM record WHERE expires <> 0 AND expires <= ? ORDER BY expires LIMIT (? + 0))", []string{"PRIMARY KEY (kind=? AND key=?)", "record_expires (expires<?)"}},
		"owner":   {page.statement("version").String(), []string{"record_owner (kind=? AND owner=? AND key>?)"}},
		"all":     {all.statement("version").String(), []string{"PRIMARY KEY (kind=? AND key>?)"}},
		"record":  {"SELECT version FROM record WHERE kind = ? AND key = ?", []string{"PRIMARY KEY (kind=? AND key=?)"}},
		"walk":    {selectEntry + "seq > ? AND seq < ? AND time >= ? AND time < ? ORDER BY seq DESC", []string{"INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
		"look":    {selectPosting + " DESC", []string{"PRIMARY KEY (key=? AND seq>? AND seq<?)", "PRIMARY KEY (key=? AND seq<?)"}},
	} {
		var plan []string
		if err := s.View(t.Context(), func(tx fhir.Tx) error {
			return tx.(*viewTx).query(t.Context(), sql("EXPLAIN QUERY PLAN "+q.sql), func(stmt *sqlite.Stmt) error {
				plan = append(plan, stmt.ColumnText(3))
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "; ")
		if strings.Contains(text, "SCAN") || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, text)
		}
		for _, want := range q.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q: %s", name, want, text)
			}
		}
	}
}

// TestGroupRecords shows that updates that write nothing but records, or append to the journal, share commits too.
func TestGroupRecords(t *testing.T) {
	s := openInternal(t)
	ctx := t.Context()
	before := s.writer.commits.Load()
	var wg sync.WaitGroup
	err := s.writer.runAlone(ctx, nil, func(fhir.Tx) error { // meanwhile the others queue up
		for i := range 40 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = s.Append(ctx, &fhir.JournalEntry{Body: []byte("x")})
				} else {
					err = s.Update(ctx, nil, func(tx fhir.Tx) error {
						if _, err := tx.Records(ctx, "token", fmt.Sprint("o", i), "", 10); err != nil {
							return err
						}
						return tx.Keep(ctx, &fhir.Record{Kind: "token", Key: fmt.Sprint(i), Owner: fmt.Sprint("o", i)})
					})
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		for len(s.writer.queue) < 40 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	wg.Wait()
	if shared := s.writer.commits.Load() - before; err != nil || shared != 1 {
		t.Errorf("40 updates that waited took %d commits (%v)", shared, err)
	}
	if n := recordRows(t, s, "kind = 'token'"); n != 20 {
		t.Errorf("%d records", n)
	}
}

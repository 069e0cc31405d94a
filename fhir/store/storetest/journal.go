package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// journalKey is the key of the journals of test stores.
func journalKey() []byte { return []byte("the key of a test's journal") }

func entry(body string, keys ...string) *fhir.JournalEntry {
	return &fhir.JournalEntry{Keys: keys, Body: []byte(body)}
}

// append appends entries, each on its own.
func (s *store) append(entries ...*fhir.JournalEntry) {
	s.t.Helper()
	for _, e := range entries {
		if err := s.Append(s.t.Context(), e); err != nil {
			s.t.Fatalf("Append: %v", err)
		}
	}
}

func (s *store) journal(q fhir.JournalQuery) []*fhir.JournalEntry {
	s.t.Helper()
	entries, err := s.Entries(s.t.Context(), q)
	if err != nil {
		s.t.Fatalf("Entries: %v", err)
	}
	return entries
}

func wantBodies(t testing.TB, what string, entries []*fhir.JournalEntry, want ...string) {
	t.Helper()
	var got []string
	for _, e := range entries {
		got = append(got, string(e.Body))
	}
	wantIDs(t, what, got, want...)
}

// chain reads the whole journal, in pieces, and checks its numbers and hashes.
func (s *store) chain() (entries []*fhir.JournalEntry) {
	s.t.Helper()
	var hash []byte
	for {
		piece := s.journal(fhir.JournalQuery{After: int64(len(entries)), Max: 700})
		for _, e := range piece {
			entries = append(entries, e)
			if e.Seq != int64(len(entries)) || !bytes.Equal(e.Hash, fhir.JournalHash(journalKey(), hash, e)) {
				s.t.Fatalf("entry %d of the journal has the number %d and the hash %x", len(entries), e.Seq, e.Hash)
			}
			hash = e.Hash
		}
		if len(piece) < 700 {
			return entries
		}
	}
}

// testJournal appends to the journal in all ways and reads it in all orders.
func testJournal(t *testing.T, s *suite) {
	st := s.open(t)
	if got := st.journal(fhir.JournalQuery{Descending: true}); len(got) != 0 {
		t.Errorf("a new store has the journal %v", got)
	}
	at := noon().Add(123456789 * time.Nanosecond)
	first := &fhir.JournalEntry{Time: at, Keys: []string{"patient 1", "ann"}, Body: []byte("first")}
	st.append(first, entry("second", "ann"))
	if first.Seq != 1 || len(first.Hash) == 0 || !first.Time.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("the first entry has become %+v", first)
	}
	st.update([]string{"g"}, func(ctx context.Context, tx fhir.Tx) error { // nothing but entries
		return tx.Append(ctx, entry("third"), entry("fourth", "ann", "", "ann", strings.Repeat("k", 500)))
	})
	st.update([]string{"g"}, func(ctx context.Context, tx fhir.Tx) error {
		if n, err := tx.GuardCount(ctx, "g"); n != 1 || err != nil {
			t.Errorf("the guard of an update that appended was counted %d times, %v", n, err)
		}
		if _, err := tx.Put(ctx, patient(t, "1", "One")); err != nil {
			return err
		}
		if err := tx.Append(ctx, entry("fifth", "patient 1")); err != nil {
			return err
		}
		if _, err := tx.Search(ctx, s.parse(t, "Patient?")); err != nil { // an engine may treat that differently
			return err
		}
		return tx.Append(ctx, entry("\x00\xff", "patient 1", "\x00é'"))
	})
	if err := st.Append(t.Context()); err != nil {
		t.Error(err)
	}
	entries := st.chain()
	if len(entries) != 6 || !entries[0].Time.Equal(first.Time) || !bytes.Equal(entries[0].Hash, first.Hash) || !entries[1].Time.Equal(noon()) ||
		!slices.Equal(entries[3].Keys, []string{"ann", "", "ann", strings.Repeat("k", 500)}) {
		t.Errorf("the journal is %+v", entries)
	}
	for _, ask := range []struct {
		q    fhir.JournalQuery
		want []string
	}{
		{fhir.JournalQuery{}, []string{"first", "second", "third", "fourth", "fifth", "\x00\xff"}},
		{fhir.JournalQuery{Max: 2}, []string{"first", "second"}},
		{fhir.JournalQuery{Max: -1}, nil},
		{fhir.JournalQuery{After: 2, Max: 2}, []string{"third", "fourth"}},
		{fhir.JournalQuery{After: 6}, nil},
		{fhir.JournalQuery{After: 100}, nil},
		{fhir.JournalQuery{Descending: true, Max: 2}, []string{"\x00\xff", "fifth"}},
		{fhir.JournalQuery{Descending: true, Before: 5, Max: 2}, []string{"fourth", "third"}},
		{fhir.JournalQuery{Descending: true, Before: 1}, nil},
		{fhir.JournalQuery{After: 2, Before: 5}, []string{"third", "fourth"}},
		{fhir.JournalQuery{After: 2, Before: 5, Descending: true}, []string{"fourth", "third"}},
		{fhir.JournalQuery{Key: "ann"}, []string{"first", "second", "fourth"}},
		{fhir.JournalQuery{Key: "ann", Descending: true, Max: 2}, []string{"fourth", "second"}},
		{fhir.JournalQuery{Key: "ann", After: 1, Max: 1}, []string{"second"}},
		{fhir.JournalQuery{Key: "patient 1", Before: 6, Descending: true}, []string{"fifth", "first"}},
		{fhir.JournalQuery{Key: "\x00é'"}, []string{"\x00\xff"}},
		{fhir.JournalQuery{Key: "an"}, nil},
	} {
		wantBodies(t, fmt.Sprintf("%+v", ask.q), st.journal(ask.q), ask.want...)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = st.again()
	st.append(entry("seventh", "ann"))
	wantBodies(t, "reopened", st.chain()[5:], "\x00\xff", "seventh")
	st.check()
}

// testJournalMany looks for keys and times in more entries than are read at once, which do not come in order of time.
func testJournalMany(t *testing.T, s *suite) {
	st := s.open(t)
	const n = 3000
	timeOf := func(i int) time.Time {
		return noon().Add(time.Duration(i/10)*time.Second - time.Duration(i%7)*time.Minute)
	}
	sizes := []int{1, 1, 3, 1500, 200}
	for i, size := 0, 0; i < n; i += size {
		size = min(sizes[0], n-i)
		sizes = append(sizes[1:], size)
		var batch []*fhir.JournalEntry
		for j := i; j < i+size; j++ {
			e := entry(fmt.Sprint(j), fmt.Sprint("mod7=", j%7), fmt.Sprint("n=", j), "all")
			e.Time = timeOf(j)
			batch = append(batch, e)
		}
		if err := st.Append(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	if got := st.journal(fhir.JournalQuery{}); len(got) != 1000 {
		t.Errorf("%d entries without a bound", len(got))
	}
	if got := st.journal(fhir.JournalQuery{Max: 2500, Descending: true}); len(got) != 2500 || got[0].Seq != n || got[2499].Seq != 501 {
		t.Errorf("%d entries with a bound", len(got))
	}
	for _, after := range []int64{0, 1, 5, 6, 500, 517, 518, 1030, 1504, 1505, 2999, 3000} { // with keys that many have in one commit
		for _, before := range []int64{0, 2, 7, 518, 519, 600, 1506, 3000, 3001} {
			for key, every := range map[string]int64{"": 1, "all": 1, "mod7=3": 7} {
				var want []string
				for seq := after + 1; seq <= n && (before == 0 || seq < before); seq++ {
					if every == 1 || (seq-1)%7 == 3 {
						want = append(want, fmt.Sprint(seq-1))
					}
				}
				q := fhir.JournalQuery{Key: key, After: after, Before: before, Max: 5000}
				wantBodies(t, fmt.Sprintf("%+v", q), st.journal(q), want...)
				slices.Reverse(want)
				q.Descending, q.Max = true, 9
				wantBodies(t, fmt.Sprintf("%+v", q), st.journal(q), want[:min(9, len(want))]...)
			}
		}
	}
	for _, ask := range []struct{ from, to time.Duration }{{-time.Hour, time.Hour}, {time.Minute, 2 * time.Minute}, {-5*time.Minute - 1, -5 * time.Minute}, {time.Second, time.Second},
		{10 * time.Second, 10*time.Second + 1}, {time.Hour, 2 * time.Hour}, {-2 * time.Hour, -time.Hour}, {2 * time.Minute, time.Minute}, {100 * time.Second, 0}, {0, 100 * time.Second}} {
		q := fhir.JournalQuery{Max: 5000}
		if ask.from != 0 {
			q.From = noon().Add(ask.from)
		}
		if ask.to != 0 {
			q.To = noon().Add(ask.to)
		}
		for _, key := range []string{"", "mod7=3", "all", "n=1234"} {
			q.Key = key
			var want []string
			for i := range n {
				if at := timeOf(i); (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To)) &&
					(key == "" || key == "all" || key == fmt.Sprint("mod7=", i%7) || key == fmt.Sprint("n=", i)) {
					want = append(want, fmt.Sprint(i))
				}
			}
			q.Descending = false
			wantBodies(t, fmt.Sprintf("from %s to %s by %q", ask.from, ask.to, key), st.journal(q), want...)
			q.Descending = true
			slices.Reverse(want)
			wantBodies(t, fmt.Sprintf("from %s to %s by %q, descending", ask.from, ask.to, key), st.journal(q), want...)
		}
	}
	st.check()
}

// raceJournal has all racers append, alone and with a write, some of which fail, while others read the journal: no entry is
// lost, none is there twice, every write has its own, and the chain holds.
func raceJournal(t *testing.T, s *suite, stores []*store) {
	const each = 6
	ctx := t.Context()
	var reads atomic.Int64
	race(t, racers, stores, func(i int, st fhir.Store) error {
		for n := range each {
			name := fmt.Sprintf("r%d-%d", i, n)
			var err error
			switch n % 3 {
			case 0:
				err = st.Append(ctx, entry(name+" a", name), entry(name+" b", name))
			case 1:
				err = st.Update(ctx, nil, func(tx fhir.Tx) error {
					if err := tx.Append(ctx, entry(name, name)); err != nil {
						return err
					}
					_, err := tx.Put(ctx, patient(t, name, "Racer"))
					return err
				})
			case 2:
				err = st.Update(ctx, nil, func(tx fhir.Tx) error {
					if err := tx.Append(ctx, entry(name, "never")); err != nil {
						return err
					}
					if _, err := tx.Put(ctx, patient(t, name, "Racer")); err != nil {
						return err
					}
					if n == 5 {
						if _, err := tx.Search(ctx, s.parse(t, "Patient?_id="+name)); err != nil {
							return err
						}
					}
					return fhir.NewOutcome(fhir.Conflict, "fn failed")
				})
				if fhir.CodeOf(err) == fhir.Conflict {
					err = nil
				}
			}
			if err != nil {
				return err
			}
			entries, err := st.Entries(ctx, fhir.JournalQuery{Key: name, Descending: true})
			if err != nil || n%3 != 2 && len(entries) != 2-n%3 {
				return fmt.Errorf("%s: what was just appended is %d entries, %w", name, len(entries), err)
			}
			reads.Add(int64(len(entries)))
		}
		return nil
	})
	if got, want := len(stores[0].chain()), racers*6; got != want || int(reads.Load()) != want {
		t.Errorf("the journal has %d entries, of which %d were read, and should have %d", got, reads.Load(), want)
	}
	if got := stores[0].journal(fhir.JournalQuery{Key: "never"}); len(got) != 0 {
		t.Errorf("%d entries of updates that failed", len(got))
	}
	if got := stores[0].search("Patient?"); len(got) != 2*racers {
		t.Errorf("%d resources were written", len(got))
	}
	stores[0].check()
}

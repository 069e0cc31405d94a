package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest"
)

// TestVerifyJournal changes a journal behind the store's back in every way: the first entry that is not what it was is found.
func TestVerifyJournal(t *testing.T) {
	storetest.Single(t)
	const n = 2500
	p := params(t)
	for name, c := range map[string]struct {
		sql    string
		key    string
		broken int64
	}{
		"nothing":                     {"", "secret", 0},
		"another key":                 {"", "other", 1},
		"no key":                      {"", "", 1},
		"the body":                    {"UPDATE journal SET body = x'00' WHERE seq = 1234", "secret", 1234},
		"the time":                    {"UPDATE journal SET time = time + 1 WHERE seq = 2500", "secret", 2500},
		"the keys":                    {"UPDATE journal SET keys = x'0161' WHERE seq = 1", "secret", 1},
		"unreadable keys":             {"UPDATE journal SET keys = x'ff' WHERE seq = 1001", "secret", 1001},
		"the hash":                    {"UPDATE journal SET hash = zeroblob(32) WHERE seq = 1000", "secret", 1000},
		"one is missing":              {"DELETE FROM journal WHERE seq = 1001", "secret", 1001},
		"the first":                   {"DELETE FROM journal WHERE seq = 1", "secret", 1},
		"a good many":                 {"DELETE FROM journal WHERE seq BETWEEN 500 AND 2400", "secret", 500},
		"moved to one later":          {"UPDATE journal SET seq = -seq; UPDATE journal SET seq = 1 - seq", "secret", 1},
		"two change places":           {"UPDATE journal SET seq = 0 WHERE seq = 7; UPDATE journal SET seq = 7 WHERE seq = 8; UPDATE journal SET seq = 8 WHERE seq = 0", "secret", 7},
		"a byte between key and body": {`UPDATE journal SET keys = x'0361616162' WHERE seq = 9`, "secret", 9},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, sqlite.Options{Dir: dir, Params: p, JournalKey: []byte("secret")})
			var entries []*fhir.JournalEntry
			for i := range n {
				entries = append(entries, &fhir.JournalEntry{Keys: []string{"aaa", fmt.Sprint(i)}, Body: fmt.Append(nil, "body ", i)})
			}
			if err := s.Append(t.Context(), entries...); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if c.sql != "" {
				script(t, dir, c.sql)
			}
			s = open(t, sqlite.Options{Dir: dir, Params: p, JournalKey: []byte(c.key)})
			var seen []int64
			broken, err := s.VerifyJournal(t.Context(), func(checked int64) { seen = append(seen, checked) })
			if err != nil || broken != c.broken {
				t.Errorf("the first broken entry is %d, %v, and should be %d", broken, err, c.broken)
			}
			if c.broken == 0 && (len(seen) != 3 || seen[2] != n) {
				t.Errorf("progress: %v", seen)
			}
			err = s.Check(t.Context())
			if (err == nil) != (c.broken == 0) || err != nil && !strings.Contains(err.Error(), fmt.Sprintf("entry %d of the journal", c.broken)) {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

// TestCheckJournalKeys takes away what entries are found by.
func TestCheckJournalKeys(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"a key":        {"DELETE FROM journal_key WHERE rowid_of = 1", "keys of the journal"},
		"another seq":  {"UPDATE journal_key SET seq = seq + 1", "keys of the journal"},
		"fewer of one": {"UPDATE journal_key SET more = x''", "keys of the journal"},
		"minutes":      {"DELETE FROM journal_minute", "not found by its time"},
		"the last":     {"UPDATE journal_minute SET last = last - 1", "entry 3 of the journal is not found by its time"},
	} {
		dir := t.TempDir()
		s := open(t, sqlite.Options{Dir: dir})
		if err := s.Append(t.Context(), &fhir.JournalEntry{Keys: []string{"a"}}, &fhir.JournalEntry{Keys: []string{"a", "b"}}, &fhir.JournalEntry{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		script(t, dir, strings.Replace(c.sql, "rowid_of = 1", "key = (SELECT min(key) FROM journal_key)", 1))
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerifyWhileAppending verifies a journal that grows, and gives up when it is told to.
func TestVerifyWhileAppending(t *testing.T) {
	s := open(t, sqlite.Options{Dir: t.TempDir()})
	if broken, err := s.VerifyJournal(t.Context(), nil); broken != 0 || err != nil {
		t.Errorf("an empty journal: %d, %v", broken, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 1500 {
		if err := s.Append(ctx, &fhir.JournalEntry{Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	pieces := 0
	broken, err := s.VerifyJournal(ctx, func(int64) {
		pieces++
		if err := s.Append(ctx, make1500()...); err != nil {
			t.Error(err)
		}
	})
	if broken != 0 || err != nil || pieces != 2 {
		t.Errorf("a journal that grows: %d, %v, %d pieces", broken, err, pieces)
	}
	broken, err = s.VerifyJournal(ctx, func(int64) { cancel() })
	var o *fhir.Outcome
	if broken != 0 || !errors.As(err, &o) || fhir.CodeOf(err) != fhir.Timeout {
		t.Errorf("given up: %d, %v", broken, err)
	}
}

func make1500() (entries []*fhir.JournalEntry) {
	for range 1500 {
		entries = append(entries, &fhir.JournalEntry{Body: []byte("y")})
	}
	return entries
}

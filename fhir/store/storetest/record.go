package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// noon is when the clock of a test store starts.
func noon() time.Time { return time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC) }

// keep writes records, each in an update of its own.
func (s *store) keep(records ...*fhir.Record) {
	s.t.Helper()
	for _, r := range records {
		s.update(nil, func(ctx context.Context, tx fhir.Tx) error { return tx.Keep(ctx, r) })
	}
}

func (s *store) drop(kind, key string) {
	s.t.Helper()
	s.update(nil, func(ctx context.Context, tx fhir.Tx) error { return tx.Drop(ctx, kind, key) })
}

// record reads a record; "" stands for one that is not there.
func (s *store) record(kind, key string) (text string) {
	s.t.Helper()
	s.view(func(ctx context.Context, tx fhir.Tx) error {
		text = recordText(ctx, tx, kind, key)
		return nil
	})
	return text
}

// recordText says what a record is.
func recordText(ctx context.Context, tx fhir.RecordReader, kind, key string) string {
	r, err := tx.Record(ctx, kind, key)
	if fhir.CodeOf(err) == fhir.NotFound {
		return ""
	}
	if err != nil {
		return "failed: " + err.Error()
	}
	return textOf(r)
}

func textOf(r *fhir.Record) string {
	expires := ""
	if !r.Expires.IsZero() {
		expires = fmt.Sprint(r.Expires.Sub(noon()).Seconds())
	}
	return fmt.Sprintf("%s/%s of %q until %q: %s", r.Kind, r.Key, r.Owner, expires, r.Value)
}

// records lists all records page by page.
func (s *store) records(kind, owner string, page int) (keys []string) {
	s.t.Helper()
	s.view(func(ctx context.Context, tx fhir.Tx) (err error) {
		keys, err = recordKeys(ctx, tx, kind, owner, page)
		return err
	})
	return keys
}

func recordKeys(ctx context.Context, tx fhir.RecordReader, kind, owner string, page int) (keys []string, err error) {
	after := ""
	for {
		list, err := tx.Records(ctx, kind, owner, after, page)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if r.Kind != kind || owner != "" && r.Owner != owner {
				return nil, fmt.Errorf("the list of %s of %q has %s/%s of %q", kind, owner, r.Kind, r.Key, r.Owner)
			}
			keys = append(keys, r.Key)
		}
		if len(list) < page {
			return keys, nil
		}
		after = list[len(list)-1].Key
	}
}

// testRecords keeps, reads, lists and drops records.
func testRecords(t *testing.T, s *suite) {
	st := s.open(t)
	odd := "k'é\"\x00 \U0010ffff" + strings.Repeat("x", 300)
	for _, r := range []*fhir.Record{
		{Kind: "client", Key: "b", Value: []byte(`{"n":1}`)},
		{Kind: "client", Key: "a", Owner: "ann", Value: []byte(`{}`)},
		{Kind: "client", Key: "c", Owner: "ann", Value: []byte(strings.Repeat("0123456789", 10_000))},
		{Kind: "client", Key: "d", Owner: "bob", Value: nil},
		{Kind: "clients", Key: "b", Owner: "ann", Value: []byte("\x00\xff")},
		{Kind: odd, Key: odd, Owner: odd, Value: []byte("odd")},
	} {
		value := string(r.Value)
		st.keep(r)
		st.view(func(ctx context.Context, tx fhir.Tx) error {
			got, err := tx.Record(ctx, r.Kind, r.Key)
			if err != nil || got.Kind != r.Kind || got.Key != r.Key || got.Owner != r.Owner || !got.Expires.IsZero() || string(got.Value) != value {
				t.Errorf("%s/%s: %+v, %v", r.Kind, r.Key, got, err)
			}
			return nil
		})
	}
	for _, page := range []int{1, 2, 3, 100} {
		wantIDs(t, "all clients", st.records("client", "", page), "a", "b", "c", "d")
		wantIDs(t, "Ann's", st.records("client", "ann", page), "a", "c")
		wantIDs(t, "nobody's", st.records("client", "zoe", page))
		wantIDs(t, "odd ones", st.records(odd, odd, page), odd)
		wantIDs(t, "of no kind", st.records("", "", page))
	}
	for _, max := range []int{0, -1} {
		st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
			list, err := tx.Records(ctx, "client", "", "", max)
			if len(list) != 0 {
				t.Errorf("at most %d records: %d", max, len(list))
			}
			return err
		})
	}
	for _, r := range []fhir.Record{{Kind: "client"}, {Key: "a"}, {}} {
		st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
			if err := tx.Keep(ctx, &r); err == nil {
				t.Errorf("%+v can be kept", r)
			}
			return nil
		})
	}
	st.keep(&fhir.Record{Kind: "client", Key: "a", Owner: "bob", Value: []byte("changed")})
	wantIDs(t, "Ann's, when one has become Bob's", st.records("client", "ann", 10), "c")
	wantIDs(t, "Bob's", st.records("client", "bob", 10), "a", "d")
	st.drop("client", "d")
	st.drop("client", "none")
	wantIDs(t, "Bob's, when one is dropped", st.records("client", "bob", 10), "a")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = st.again()
	if got := st.record("client", "a"); got != `client/a of "bob" until "": changed` {
		t.Errorf("reopened: %s", got)
	}
	if got := st.record("client", "d"); got != "" {
		t.Errorf("reopened, what was dropped: %s", got)
	}
	if events := st.allEvents(10); len(events) != 0 {
		t.Errorf("records are in the outbox: %v", events)
	}
	st.check()
}

// testRecordExpiry lets records expire: to the second, whoever looks.
func testRecordExpiry(t *testing.T, s *suite) {
	st := s.open(t)
	for i := range 100 {
		st.keep(&fhir.Record{Kind: "token", Key: fmt.Sprintf("%03d", i), Owner: "ann", Expires: noon().Add(time.Duration(i) * time.Second), Value: []byte("t")})
	}
	st.keep(&fhir.Record{Kind: "token", Key: "long ago", Owner: "ann", Expires: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)},
		&fhir.Record{Kind: "token", Key: "fraction", Owner: "bob", Expires: noon().Add(5*time.Second + 700*time.Millisecond)},
		&fhir.Record{Kind: "token", Key: "zone", Owner: "bob", Expires: noon().Add(time.Hour).In(time.FixedZone("", 7200))},
		&fhir.Record{Kind: "token", Key: "zz", Owner: "bob"})
	look := func(from int) {
		t.Helper()
		if got := st.records("token", "ann", 7); len(got) != 100-from || from < 100 && got[0] != fmt.Sprintf("%03d", from) {
			t.Errorf("after %d seconds there are %d: %v", from-1, len(got), got)
		}
		for i := max(0, from-2); i < min(100, from+2); i++ {
			if got := st.record("token", fmt.Sprintf("%03d", i)); (got != "") != (i >= from) {
				t.Errorf("after %d seconds, token %d is %q", from-1, i, got)
			}
		}
		st.update(nil, func(ctx context.Context, tx fhir.Tx) error { // which may run beside others
			keys, err := recordKeys(ctx, tx, "token", "ann", 1000)
			if len(keys) != 100-from {
				t.Errorf("after %d seconds an update sees %d", from-1, len(keys))
			}
			return err
		})
	}
	look(1)
	st.clock.Advance(999 * time.Millisecond)
	look(1)
	st.clock.Advance(time.Millisecond)
	look(2)
	st.clock.Advance(4 * time.Second)
	look(6)
	if got := st.record("token", "zone"); got != `token/zone of "bob" until "3600": ` {
		t.Error(got)
	}
	wantIDs(t, "at the second", st.records("token", "bob", 10), "zone", "zz")
	// What has expired can be kept anew, and be read within the update that does so.
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		if got := recordText(ctx, tx, "token", "003"); got != "" {
			t.Errorf("an update sees %s", got)
		}
		if err := tx.Keep(ctx, &fhir.Record{Kind: "token", Key: "003", Owner: "eve", Expires: noon().Add(time.Hour), Value: []byte("anew")}); err != nil {
			return err
		}
		if err := tx.Keep(ctx, &fhir.Record{Kind: "token", Key: "004", Owner: "eve", Expires: noon()}); err != nil {
			return err
		}
		wantIDs(t, "within the update", mustKeys(ctx, t, tx, "token", "eve"), "003")
		return nil
	})
	wantIDs(t, "kept anew", st.records("token", "eve", 10), "003")
	st.clock.Advance(time.Hour)
	st.keep(&fhir.Record{Kind: "token", Key: "new"})
	wantIDs(t, "in the end", st.records("token", "", 10), "new", "zz")
	st.check()
}

func mustKeys(ctx context.Context, t *testing.T, tx fhir.RecordReader, kind, owner string) []string {
	t.Helper()
	keys, err := recordKeys(ctx, tx, kind, owner, 3)
	if err != nil {
		t.Error(err)
	}
	return keys
}

// testRecordRollback lets updates fail that keep, drop and append; and a View must not write at all.
func testRecordRollback(t *testing.T, s *suite) {
	for _, searching := range []bool{false, true} {
		st := s.open(t)
		st.keep(&fhir.Record{Kind: "a", Key: "1", Owner: "o", Value: []byte("one")})
		failure := errors.New("fn failed")
		write := func(ctx context.Context, tx fhir.Tx) error {
			if err := tx.Keep(ctx, &fhir.Record{Kind: "a", Key: "2", Owner: "o", Value: []byte("two")}); err != nil {
				return err
			}
			if err := tx.Drop(ctx, "a", "1"); err != nil {
				return err
			}
			if _, err := tx.Put(ctx, patient(t, "1", "One")); err != nil {
				return err
			}
			if err := tx.Append(ctx, entry("e", "k")); err != nil {
				return err
			}
			if !searching {
				return nil
			}
			_, err := tx.Search(ctx, s.parse(t, "Patient?")) // an engine may treat that differently
			return err
		}
		err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			if err := write(t.Context(), tx); err != nil {
				return err
			}
			wantIDs(t, "within the update", mustKeys(t.Context(), t, tx, "a", "o"), "2")
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		wantIDs(t, "after a failure", st.records("a", "", 10), "1")
		if got := st.journal(fhir.JournalQuery{}); len(got) != 0 {
			t.Errorf("after a failure the journal has %v", got)
		}
		st.update([]string{"g"}, write)
		wantIDs(t, "after success", st.records("a", "", 10), "2")
		wantIDs(t, "the resource", st.search("Patient?"), "1")
		wantBodies(t, "the journal", st.journal(fhir.JournalQuery{}), "e")
		st.check()
	}
	st := s.open(t)
	st.view(func(ctx context.Context, tx fhir.Tx) error {
		for what, err := range map[string]error{"keep": tx.Keep(ctx, &fhir.Record{Kind: "a", Key: "1"}), "drop": tx.Drop(ctx, "a", "1"), "append": tx.Append(ctx, entry("e"))} {
			if err == nil {
				t.Errorf("a View can %s", what)
			}
		}
		return nil
	})
	if got := st.records("a", "", 1); len(got) != 0 || len(st.journal(fhir.JournalQuery{})) != 0 {
		t.Errorf("a View has written %v", got)
	}
}

// testRecordCopies changes what was given to the store, and what it gave.
func testRecordCopies(t *testing.T, s *suite) {
	st := s.open(t)
	r := &fhir.Record{Kind: "a", Key: "1", Owner: "o", Value: []byte("value")}
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		r.Owner, r.Value = "o", []byte("value")
		if err := tx.Keep(ctx, r); err != nil {
			return err
		}
		r.Value[0], r.Owner = 'X', "x"
		got, err := tx.Record(ctx, "a", "1")
		if err != nil {
			return err
		}
		got.Value[1] = 'Y'
		list, err := tx.Records(ctx, "a", "o", "", 1)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d records, %w", len(list), err)
		}
		list[0].Value[2] = 'Z'
		return nil
	})
	if got := st.record("a", "1"); got != `a/1 of "o" until "": value` {
		t.Error(got)
	}
	r.Owner, r.Value = "o", []byte("value")
	if got := st.records("a", "o", 5); !slices.Equal(got, []string{"1"}) {
		t.Error(got)
	}
}

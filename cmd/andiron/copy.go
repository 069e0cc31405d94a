package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
)

type copyCommand struct {
	From string `help:"The store to copy: sqlite:DIR or mongodb://…" required:"" placeholder:"STORE"`
	To   string `help:"The store to copy to, which must be empty, or one that an interrupted copy has left." required:"" placeholder:"STORE"`
	clusterFlags
	secretFlags
}

// Run copies every version of every resource in commit order, so that version ids and times are what they were, then records, guards and the
// journal, and compares counts and hashes at the end. No server may write to either store meanwhile.
func (c *copyCommand) Run(ctx context.Context, t *terminal) (err error) {
	k := &copying{out: t.out}
	from, err := c.end(c.From, nil)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := c.end(c.To, k.now)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	k.from, k.to = from, to
	return plainly(k.run(ctx))
}

func (c *copyCommand) end(name string, now func() time.Time) (*store, error) {
	return (&storeFlags{Store: name, Cache: 24, now: now, clusterFlags: c.clusterFlags, secretFlags: c.secretFlags}).open()
}

// copying is a copy under way. What is behind its place in each of the three logs has been copied: an interrupted copy goes on there.
type copying struct {
	from, to *store
	out      io.Writer
	at       atomic.Pointer[time.Time] // what the clock of the copy shows: the time of the versions that are written; nil = the time
}

func (k *copying) now() time.Time {
	if at := k.at.Load(); at != nil {
		return *at
	}
	return time.Now()
}

const (
	copyBatch  = 500
	copyKind   = "copy"
	copyKey    = "origin"
	copyNotice = 20_000
)

func (k *copying) run(ctx context.Context) error {
	if err := k.begin(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{k.versions, k.records, k.guards, k.journal, k.verify} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return k.to.Update(ctx, nil, func(tx fhir.Tx) error { return tx.Drop(ctx, copyKind, copyKey) })
}

// origin is what tells stores apart: their first version.
func (k *copying) origin(ctx context.Context, s *store) (string, error) {
	events, err := s.Events(ctx, 0, 1)
	if err != nil || len(events) == 0 {
		return "", err
	}
	return digest(&events[0]), nil
}

// begin refuses a store that is not empty, unless it is what a copy of the same store has left.
func (k *copying) begin(ctx context.Context) error {
	origin, err := k.origin(ctx, k.from)
	if err != nil {
		return err
	}
	return k.to.Update(ctx, nil, func(tx fhir.Tx) error {
		left, err := tx.Record(ctx, copyKind, copyKey)
		switch {
		case err == nil && string(left.Value) != strconv.Quote(origin):
			return errors.New("the store to copy to is left by a copy of another store")
		case err == nil:
			fmt.Fprintln(k.out, "going on where an interrupted copy has stopped")
			return nil
		case fhir.CodeOf(err) != fhir.NotFound:
			return err
		}
		page, err := tx.History(ctx, fhir.HistoryQuery{Count: 1})
		if err != nil {
			return err
		}
		if len(page.Events) > 0 {
			return errors.New("the store to copy to is not empty")
		}
		return tx.Keep(ctx, &fhir.Record{Kind: copyKind, Key: copyKey, Value: []byte(strconv.Quote(origin))})
	})
}

// newest is how many versions a store has.
func newest(ctx context.Context, s *store) (n fhir.Seq, err error) {
	err = s.View(ctx, func(tx fhir.Tx) error {
		page, err := tx.History(ctx, fhir.HistoryQuery{Count: 1})
		if err == nil && len(page.Events) > 0 {
			n = page.Events[0].Seq
		}
		return err
	})
	return n, err
}

// versions copies the outbox. Both stores number versions in commit order from 1, so the newest of the one says where to go on in the
// other.
func (k *copying) versions(ctx context.Context) error {
	at, err := newest(ctx, k.to)
	if err != nil {
		return err
	}
	for {
		events, err := k.from.Events(ctx, at, copyBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		for len(events) > 0 {
			n := distinct(events)
			if err := k.write(ctx, events[:n]); err != nil {
				return err
			}
			at = events[n-1].Seq
			events = events[n:]
		}
		if at%copyNotice < copyBatch {
			fmt.Fprintf(k.out, "%d versions\n", at)
		}
	}
}

// distinct is how many events at the beginning have one time and are about different resources: those can be written together in any
// engine without looking at each other.
func distinct(events []fhir.Event) int {
	seen := make(map[string]bool)
	for i := range events {
		name := events[i].Type + "/" + events[i].ID
		if seen[name] || !events[i].LastUpdated.Equal(events[0].LastUpdated) {
			return i
		}
		seen[name] = true
	}
	return len(events)
}

func (k *copying) write(ctx context.Context, events []fhir.Event) error {
	k.at.Store(&events[0].LastUpdated)
	return k.to.Update(ctx, nil, func(tx fhir.Tx) error {
		for i := range events {
			e := &events[i]
			var v *fhir.Version
			var err error
			if e.Method == fhir.Delete {
				v, err = tx.Delete(ctx, e.Type, e.ID)
			} else {
				v, err = tx.Put(ctx, e.Resource)
			}
			if err != nil {
				return fmt.Errorf("version %s of a %s: %w", e.VersionID, e.Type, err)
			}
			if v.VersionID != e.VersionID {
				return fmt.Errorf("version %s of a %s would become version %s", e.VersionID, e.Type, v.VersionID)
			}
		}
		return nil
	})
}

// records copies what the server remembers beside resources. It is little, so it is copied whole each time.
func (k *copying) records(ctx context.Context) error {
	k.at.Store(nil)
	kinds, err := k.from.RecordKinds(ctx)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		for after := ""; ; {
			var list []*fhir.Record
			if err := k.from.View(ctx, func(tx fhir.Tx) (err error) {
				list, err = tx.Records(ctx, kind, "", after, copyBatch)
				return err
			}); err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			after = list[len(list)-1].Key
			if err := k.to.Update(ctx, nil, func(tx fhir.Tx) error {
				for _, r := range list {
					if err := tx.Keep(ctx, r); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// guards copies how often guards have been taken: numbers are made of that.
func (k *copying) guards(ctx context.Context) error {
	for after := ""; ; {
		counts, last, err := k.from.Guards(ctx, after, copyBatch)
		if err != nil || len(counts) == 0 {
			return err
		}
		if err := k.to.RestoreGuards(ctx, counts); err != nil {
			return err
		}
		after = last
	}
}

// journal copies the audit trail: the same entries under the same key make the same chain.
func (k *copying) journal(ctx context.Context) error {
	last, err := k.to.Entries(ctx, fhir.JournalQuery{Descending: true, Max: 1})
	if err != nil {
		return err
	}
	at := int64(0)
	if len(last) > 0 {
		at = last[0].Seq
	}
	for {
		entries, err := k.from.Entries(ctx, fhir.JournalQuery{After: at, Max: copyBatch})
		if err != nil || len(entries) == 0 {
			return err
		}
		at = entries[len(entries)-1].Seq
		if err := k.to.Append(ctx, entries...); err != nil {
			return err
		}
	}
}

// summary is what two stores that are alike have in common.
type summary struct {
	Versions int64            `json:"versions"`
	Types    map[string]int64 `json:"types"` // versions by type
	Hash     string           `json:"hash"`  // of all versions in their order
	Entries  int64            `json:"entries"`
	Journal  string           `json:"journal"` // hash of all entries
}

func digest(e *fhir.Event) string {
	h := sha256.New()
	addEvent(h, e)
	return hex.EncodeToString(h.Sum(nil))
}

func addEvent(h hash.Hash, e *fhir.Event) {
	fmt.Fprintf(h, "%s %s/%s/%s %d\n", e.Method, e.Type, e.ID, e.VersionID, e.LastUpdated.UnixMilli())
	if e.Resource != nil {
		_, _ = io.WriteString(h, e.Resource.Body())
	}
}

func summarize(ctx context.Context, s *store) (*summary, error) {
	out := &summary{Types: make(map[string]int64)}
	h, j := sha256.New(), sha256.New()
	for at := fhir.Seq(0); ; {
		events, err := s.Events(ctx, at, copyBatch)
		if err != nil {
			return nil, err
		}
		for i := range events {
			addEvent(h, &events[i])
			out.Types[events[i].Type]++
			at = events[i].Seq
		}
		if out.Versions = int64(at); len(events) < copyBatch {
			break
		}
	}
	for {
		entries, err := s.Entries(ctx, fhir.JournalQuery{After: out.Entries, Max: copyBatch})
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			fmt.Fprintf(j, "%d %d %q %d\n", e.Seq, e.Time.UnixMicro(), e.Keys, len(e.Body))
			j.Write(e.Body)
			out.Entries = e.Seq
		}
		if len(entries) < copyBatch {
			break
		}
	}
	out.Hash, out.Journal = hex.EncodeToString(h.Sum(nil)), hex.EncodeToString(j.Sum(nil))
	return out, nil
}

// verify compares the stores and prints what they have.
func (k *copying) verify(ctx context.Context) error {
	a, err := summarize(ctx, k.from)
	if err != nil {
		return err
	}
	b, err := summarize(ctx, k.to)
	if err != nil {
		return err
	}
	before, err := json.Marshal(a)
	if err != nil {
		return err
	}
	after, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if string(before) != string(after) {
		return fmt.Errorf("the copy is not what it was made of: %s and %s", before, after)
	}
	fmt.Fprintf(k.out, "copied and compared: %s\n", after)
	return nil
}

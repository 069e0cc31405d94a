package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

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
	if err := c.there(ctx); err != nil {
		return err
	}
	from, err := c.end(c.From)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := c.end(c.To)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return plainly((&copying{from: from, to: to, out: t.out}).run(ctx))
}

func (c *copyCommand) flags(name string) *storeFlags {
	return &storeFlags{Store: name, Cache: 24, clusterFlags: c.clusterFlags, secretFlags: c.secretFlags}
}

func (c *copyCommand) end(name string) (*store, error) { return c.flags(name).open() }

// there refuses to copy what does not exist: opening it would make it.
func (c *copyCommand) there(ctx context.Context) error {
	place, err := c.flags(c.From).place()
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	there, err := place.exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("--from: %w", err)
	case !there:
		return fmt.Errorf("--from: there is no store at %s", place)
	}
	return nil
}

// copying is a copy under way. What is behind its place in each of the logs has been copied: an interrupted copy goes on there.
type copying struct {
	from, to *store
	out      io.Writer
}

const (
	copyBatch  = 500      // versions, records or entries that are written together
	copyBytes  = 16 << 20 // of versions, after which a batch ends
	copyKind   = "copy"
	copyKey    = "origin"
	copyNotice = 5_000 // versions
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

// origin is what tells stores apart: their first version, or, where there is none, the first entry of the journal.
func (k *copying) origin(ctx context.Context, s *store) (string, error) {
	events, err := s.Events(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	if len(events) > 0 {
		return digest(&events[0]), nil
	}
	entries, err := s.Entries(ctx, fhir.JournalQuery{Max: 1})
	if err != nil || len(entries) == 0 {
		return "", err
	}
	return fmt.Sprintf("journal %x", entries[0].Hash), nil
}

// begin refuses a store that is not empty, unless it is what a copy of the same store has left, and what could not be used as a copy.
func (k *copying) begin(ctx context.Context) error {
	if !slices.Equal(k.from.keys.Derive("journal"), k.to.keys.Derive("journal")) {
		return errors.New("the stores have different secret keys: what is sealed in the one could not be opened in the other, nor its audit trail be told from a forged one; " +
			"name the key file of the store that is copied with --secret-key-file, here and where the copy is used, or put it into the folder of the copy")
	}
	if err := whole(ctx, k.from); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	broken, err := k.from.VerifyJournal(ctx, nil)
	if err != nil {
		return err
	}
	if broken != 0 {
		return fmt.Errorf("entry %d of the audit trail of the store to copy is not what it was; a copy would make that look sound ('andiron audit verify' says more)", broken)
	}
	origin, err := k.origin(ctx, k.from)
	if err != nil {
		return err
	}
	empty, err := k.empty(ctx)
	if err != nil {
		return err
	}
	beginning, err := k.beginning(ctx)
	if err != nil {
		return err
	}
	return k.to.Update(ctx, nil, func(tx fhir.Tx) error {
		left, err := tx.Record(ctx, copyKind, copyKey)
		switch {
		case err == nil && string(left.Value) != strconv.Quote(origin):
			return errors.New("the store to copy to is left by a copy of another store")
		case err == nil && !beginning:
			return errors.New("the store to copy to is left by a copy, and has been written to since; begin anew with an empty one")
		case err == nil:
			fmt.Fprintln(k.out, "going on where an interrupted copy has stopped")
			return nil
		case fhir.CodeOf(err) != fhir.NotFound:
			return err
		case !empty:
			return errors.New("the store to copy to is not empty")
		}
		return tx.Keep(ctx, &fhir.Record{Kind: copyKind, Key: copyKey, Value: []byte(strconv.Quote(origin))})
	})
}

// whole fails for a store that an interrupted copy has left: whoever wrote to it would keep the copy from going on.
func whole(ctx context.Context, s *store) error {
	err := s.View(ctx, func(tx fhir.Tx) error {
		_, err := tx.Record(ctx, copyKind, copyKey)
		return err
	})
	switch {
	case err == nil:
		return errors.New("the store is an interrupted copy; 'andiron copy' with the same stores finishes it")
	case fhir.CodeOf(err) == fhir.NotFound:
		return nil
	}
	return err
}

// beginning reports whether the versions of the store to copy to end with one that the store to copy has at the same place.
func (k *copying) beginning(ctx context.Context) (bool, error) {
	n, err := newest(ctx, k.to)
	if err != nil || n == 0 {
		return err == nil, err
	}
	var digests [2]string
	for i, s := range []*store{k.from, k.to} {
		events, err := s.Events(ctx, n-1, 1)
		if err != nil {
			return false, err
		}
		if len(events) > 0 {
			digests[i] = digest(&events[0])
		}
	}
	return digests[0] == digests[1], nil
}

// empty reports whether nothing has ever been written to the store to copy to.
func (k *copying) empty(ctx context.Context) (bool, error) {
	events, err := k.to.Events(ctx, 0, 1)
	if err != nil || len(events) > 0 {
		return false, err
	}
	entries, err := k.to.Entries(ctx, fhir.JournalQuery{Max: 1})
	if err != nil || len(entries) > 0 {
		return false, err
	}
	kinds, err := k.to.RecordKinds(ctx)
	if err != nil || len(kinds) > 0 {
		return false, err
	}
	guards, _, err := k.to.Guards(ctx, "", 1)
	return len(guards) == 0, err
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
// other. Only the next batch is written together: an interrupted copy has all versions up to some place.
func (k *copying) versions(ctx context.Context) error {
	at, err := newest(ctx, k.to)
	if err != nil {
		return err
	}
	said := at
	for {
		events, err := k.from.Events(ctx, at, copyBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		for len(events) > 0 {
			n := fitting(events)
			if err := k.to.Restore(ctx, events[:n]); err != nil {
				return err
			}
			at = events[n-1].Seq
			events = events[n:]
		}
		if at-said >= copyNotice {
			said = at
			fmt.Fprintf(k.out, "%d versions\n", at)
		}
	}
}

// fitting is how many events at the beginning are written in one commit: not more than fit into memory several times, and none after one
// that changes what is indexed.
func fitting(events []fhir.Event) int {
	size := 0
	for i := range events {
		if events[i].Resource != nil {
			size += len(events[i].Resource.Body())
		}
		if events[i].Type == "SearchParameter" || size > copyBytes {
			return i + 1
		}
	}
	return len(events)
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

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// summary is what two stores that are alike have in common.
type summary struct {
	Versions int64            `json:"versions"`
	Types    map[string]int64 `json:"types"` // versions by type
	Hash     string           `json:"hash"`  // of all versions in their order
	Entries  int64            `json:"entries"`
	Journal  string           `json:"journal"` // hash of all entries
	Chain    string           `json:"chain"`   // hash that the last entry has in the journal itself
	Records  int64            `json:"records"`
	Kept     string           `json:"kept"` // hash of all records
	Guards   int64            `json:"guards"`
	Taken    string           `json:"taken"` // hash of all guards
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

func summarize(ctx context.Context, s *store, soon time.Time) (*summary, error) {
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
			out.Entries, out.Chain = e.Seq, hex.EncodeToString(e.Hash)
		}
		if len(entries) < copyBatch {
			break
		}
	}
	out.Hash, out.Journal = hex.EncodeToString(h.Sum(nil)), hex.EncodeToString(j.Sum(nil))
	if err := out.addRecords(ctx, s, soon); err != nil {
		return nil, err
	}
	return out, out.addGuards(ctx, s)
}

// addRecords leaves out those that expire before soon: they may do so between the one store and the other.
func (m *summary) addRecords(ctx context.Context, s *store, soon time.Time) error {
	kinds, err := s.RecordKinds(ctx)
	if err != nil {
		return err
	}
	h := sha256.New()
	for _, kind := range kinds {
		if err := eachRecords(ctx, s, kind, func(list []*fhir.Record) error {
			for _, r := range list {
				if kind == copyKind || isLease(r) || !r.Expires.IsZero() && r.Expires.Before(soon) {
					continue
				}
				fmt.Fprintf(h, "%q %q %q %d %q\n", r.Kind, r.Key, r.Owner, r.Expires.Unix(), r.Value)
				m.Records++
			}
			return nil
		}); err != nil {
			return err
		}
	}
	m.Kept = hex.EncodeToString(h.Sum(nil))
	return nil
}

func (m *summary) addGuards(ctx context.Context, s *store) error {
	h := sha256.New()
	for after := ""; ; {
		counts, last, err := s.Guards(ctx, after, copyBatch)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(h, "%q %d\n", key, counts[key])
			m.Guards++
		}
		if after = last; len(counts) < copyBatch {
			break
		}
	}
	m.Taken = hex.EncodeToString(h.Sum(nil))
	return nil
}

// verify compares the stores and prints what they have.
func (k *copying) verify(ctx context.Context) error {
	soon := k.from.now().Add(time.Hour)
	a, err := summarize(ctx, k.from, soon)
	if err != nil {
		return err
	}
	b, err := summarize(ctx, k.to, soon)
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
	broken, err := k.to.VerifyJournal(ctx, nil)
	if err != nil {
		return err
	}
	if broken != 0 {
		return fmt.Errorf("entry %d of the audit trail of the copy is not what it was made of", broken)
	}
	fmt.Fprintf(k.out, "copied and compared: %s\n", after)
	return nil
}

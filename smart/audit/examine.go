package audit

import (
	"context"
	"encoding/hex"
	"time"

	"andiron.dev/fhir"
)

// Report says what came of looking at the journal.
type Report struct {
	Entries     int64  `json:"entries"`                // in the period
	FirstBroken int64  `json:"first_broken,omitempty"` // number of the first entry up to the end of the period that is not what it was; 0 = none
	Last        int64  `json:"last,omitempty"`         // number of the last entry of the period; 0 = it has none
	Hash        string `json:"hash,omitempty"`         // of that entry: whoever keeps it elsewhere can tell later whether anything was cut off
}

// Intact reports whether nothing was found.
func (r *Report) Intact() bool { return r.FirstBroken == 0 }

// Examine follows the chain of hashes as far as the entries of a period go, whose ends may be open. fn, which may be nil, is told how far it
// is.
func Examine(ctx context.Context, journal Verifier, from, to time.Time, fn func(checked int64)) (*Report, error) {
	one := func(q fhir.JournalQuery) (*fhir.JournalEntry, error) {
		q.From, q.To, q.Max = from, to, 1
		entries, err := journal.Entries(ctx, q)
		if err != nil || len(entries) == 0 {
			return nil, err
		}
		return entries[0], nil
	}
	first, err := one(fhir.JournalQuery{})
	if err != nil {
		return nil, err
	}
	last, err := one(fhir.JournalQuery{Descending: true})
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if last != nil && first != nil {
		r.Entries, r.Last, r.Hash = last.Seq-first.Seq+1, last.Seq, hex.EncodeToString(last.Hash)
	}
	if r.FirstBroken, err = journal.VerifyJournal(ctx, fn); err != nil {
		return nil, err
	}
	if !to.IsZero() && r.FirstBroken > r.Last {
		r.FirstBroken = 0 // after the period
	}
	return r, nil
}

// Anchored reports whether an entry still has the hash that it once had.
func Anchored(ctx context.Context, journal fhir.Journal, seq int64, hash string) (bool, error) {
	entries, err := journal.Entries(ctx, fhir.JournalQuery{After: seq - 1, Before: seq + 1, Max: 1})
	if err != nil {
		return false, err
	}
	return len(entries) == 1 && entries[0].Seq == seq && hex.EncodeToString(entries[0].Hash) == hash, nil
}

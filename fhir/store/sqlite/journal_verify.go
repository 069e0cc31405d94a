package sqlite

import (
	"bytes"
	"context"

	"andiron.dev/fhir"
)

// VerifyJournal makes the hash of every entry anew and compares, and so finds entries that were changed, removed or put in between by
// whoever has no key. It returns the number of the first that is not what it was, 0 where there is none, and calls fn, which may be
// nil, now and then with how many are sound. It goes as far as the journal reaches when it is called, and keeps no snapshot meanwhile.
func (s *Store) VerifyJournal(ctx context.Context, fn func(checked int64)) (firstBroken int64, err error) {
	newest, err := s.Entries(ctx, fhir.JournalQuery{Descending: true, Max: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	v := verification{key: s.options.JournalKey}
	for v.seq < newest[0].Seq {
		entries, err := s.Entries(ctx, fhir.JournalQuery{After: v.seq, Before: newest[0].Seq + 1})
		if err != nil {
			return 0, err
		}
		if broken := v.check(entries); broken != 0 {
			return broken, nil
		}
		if fn != nil {
			fn(v.seq)
		}
	}
	return 0, nil
}

// verification is how far the chain has been followed.
type verification struct {
	key, hash []byte
	seq       int64
}

// check follows the chain through the entries after those it has seen; an entry that is missing is broken. No entries at all mean
// that the next is missing.
func (v *verification) check(entries []*fhir.JournalEntry) (broken int64) {
	if len(entries) == 0 {
		return v.seq + 1
	}
	for _, e := range entries {
		if e.Seq != v.seq+1 || !bytes.Equal(e.Hash, fhir.JournalHash(v.key, v.hash, e)) {
			return v.seq + 1
		}
		v.seq, v.hash = e.Seq, e.Hash
	}
	return 0
}

package sqlite

import (
	"context"

	"andiron.dev/fhir"
)

// Entries reads the journal within a transaction, on its own connection: a transaction that waited for another one could wait for ever, when
// all of them do. What it has itself appended it does not see.
func (r *reader) Entries(ctx context.Context, q fhir.JournalQuery) ([]*fhir.JournalEntry, error) {
	return r.entries(ctx, q)
}

// Entries is the same on the snapshot of an update.
func (tx *stagedTx) Entries(ctx context.Context, q fhir.JournalQuery) ([]*fhir.JournalEntry, error) {
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	return tx.reader.Entries(ctx, q)
}

package sqlite

import (
	"context"

	"andiron.dev/fhir"
)

// Append implements fhir.Journal: it shares a commit with whoever else is waiting.
func (s *Store) Append(ctx context.Context, entries ...*fhir.JournalEntry) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	if len(entries) == 0 {
		return nil
	}
	return asOutcome(s.writer.commit(&stagedTx{reader: reader{s, nil}, ctx: ctx, entries: entries}))
}

// Append implements fhir.Tx.
func (tx *stagedTx) Append(_ context.Context, entries ...*fhir.JournalEntry) error {
	tx.entries = append(tx.entries, entries...)
	return nil
}

// Append implements fhir.Tx.
func (tx *aloneTx) Append(_ context.Context, entries ...*fhir.JournalEntry) error {
	for _, e := range entries {
		if err := tx.change(func() error { return tx.writer.appendEntry(e) }); err != nil {
			return err
		}
	}
	return nil
}

// Append implements fhir.Tx.
func (*viewTx) Append(context.Context, ...*fhir.JournalEntry) error {
	return fhir.Internal(errReadOnly)
}

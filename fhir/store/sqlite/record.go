package sqlite

import (
	"context"

	"andiron.dev/fhir"
)

// Keep implements fhir.Recorder.
func (tx *aloneTx) Keep(_ context.Context, r *fhir.Record) error {
	w, err := toStore(r)
	if err != nil {
		return err
	}
	return tx.writeRecord(recordName{r.Kind, r.Key}, w)
}

// Drop implements fhir.Recorder.
func (tx *aloneTx) Drop(_ context.Context, kind, key string) error {
	return tx.writeRecord(recordName{kind, key}, &storedRecord{})
}

func (tx *aloneTx) writeRecord(n recordName, r *storedRecord) error {
	return tx.change(func() error { return tx.writer.writeRecord(n, r) })
}

// Keep implements fhir.Recorder.
func (*viewTx) Keep(context.Context, *fhir.Record) error { return fhir.Internal(errReadOnly) }

// Drop implements fhir.Recorder.
func (*viewTx) Drop(context.Context, string, string) error { return fhir.Internal(errReadOnly) }

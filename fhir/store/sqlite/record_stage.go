package sqlite

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// stagedRecords are the records of an update that runs beside others: what it read, so that the writer can tell whether that is still so,
// and what it wants written.
type stagedRecords struct {
	now    int64                // of all it reads, in seconds
	read   map[recordName]int64 // versions, 0 = there is none
	lists  []recordList
	writes map[recordName]*storedRecord // version 0 = dropped
}

// instant is the time by which records expire for this update.
func (tx *stagedTx) instant() int64 {
	if tx.records.now == 0 {
		tx.records.now = tx.store.second()
	}
	return tx.records.now
}

// Record implements fhir.RecordReader.
func (tx *stagedTx) Record(_ context.Context, kind, key string) (*fhir.Record, error) {
	n := recordName{kind, key}
	if w := tx.records.writes[n]; w != nil {
		if !w.liveAt(tx.instant()) {
			return nil, noRecord(kind)
		}
		return w.copy().record(n), nil
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	got, err := tx.conn.recordOf(n)
	if err != nil {
		return nil, asOutcome(err)
	}
	if tx.records.read == nil {
		tx.records.read = make(map[recordName]int64)
	}
	tx.records.read[n] = got.version
	if !got.liveAt(tx.instant()) {
		return nil, noRecord(kind)
	}
	return got.record(n), nil
}

// Records implements fhir.RecordReader: what the snapshot has, with the update's own writes in it.
func (tx *stagedTx) Records(ctx context.Context, kind, owner, after string, max int) ([]*fhir.Record, error) {
	if max < 1 {
		return nil, nil
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	now := tx.instant()
	var list []*fhir.Record
	own := 0
	for n, w := range tx.records.writes {
		if n.kind != kind {
			continue
		}
		own++
		if n.key > after && (owner == "" || w.owner == owner) && w.liveAt(now) {
			list = append(list, w.copy().record(n))
		}
	}
	// Each of the update's own writes may take the place of one in the snapshot.
	l := recordList{kind: kind, owner: owner, after: after, max: max + own, now: now}
	if err := tx.reader.records(ctx, &l, func(n recordName, got storedRecord) {
		l.versions = append(l.versions, got.version)
		if tx.records.writes[n] == nil {
			list = append(list, got.record(n))
		}
	}); err != nil {
		return nil, err
	}
	tx.records.lists = append(tx.records.lists, l)
	slices.SortFunc(list, func(a, b *fhir.Record) int { return strings.Compare(a.Key, b.Key) })
	return list[:min(max, len(list))], nil
}

// Keep implements fhir.Recorder.
func (tx *stagedTx) Keep(_ context.Context, r *fhir.Record) error {
	w, err := toStore(r)
	if err == nil {
		tx.stageRecord(recordName{r.Kind, r.Key}, w)
	}
	return err
}

// Drop implements fhir.Recorder.
func (tx *stagedTx) Drop(_ context.Context, kind, key string) error {
	tx.stageRecord(recordName{kind, key}, &storedRecord{})
	return nil
}

func (tx *stagedTx) stageRecord(n recordName, w *storedRecord) {
	if tx.records.writes == nil {
		tx.records.writes = make(map[recordName]*storedRecord)
	}
	tx.records.writes[n] = w
}

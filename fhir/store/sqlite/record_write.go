package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// verifyRecords reports errConflict when a record that tx has read has been written since, or when a list that it has read would be
// another. What fn saw is then what it would see now, whatever it writes.
func (w *writer) verifyRecords(tx *stagedTx) error {
	for n, version := range tx.records.read {
		w.recordVersion.BindText(1, n.kind)
		w.recordVersion.BindText(2, n.key)
		now, err := number(w.recordVersion)
		if err != nil {
			return err
		}
		if now != version {
			return errConflict
		}
	}
	for i := range tx.records.lists {
		if err := w.verifyList(tx, &tx.records.lists[i]); err != nil {
			return err
		}
	}
	return nil
}

// verifyList asks for the list again. A version is that of one record only, so it stands for its key too.
func (w *writer) verifyList(tx *stagedTx, l *recordList) error {
	r := reader{w.store, w.conn}
	i := 0
	if err := r.query(context.WithoutCancel(tx.ctx), l.statement("version"), func(stmt *sqlite.Stmt) error {
		if i == len(l.versions) || stmt.ColumnInt64(0) != l.versions[i] {
			return errConflict
		}
		i++
		return nil
	}); err != nil {
		return err
	}
	if i != len(l.versions) {
		return errConflict
	}
	return nil
}

// writeRecord writes a record, or drops it.
func (w *writer) writeRecord(n recordName, r *storedRecord) error {
	w.expiring++
	if r.version == 0 {
		w.dropRecord.BindText(1, n.kind)
		w.dropRecord.BindText(2, n.key)
		return run(w.dropRecord)
	}
	stmt := w.keepRecord
	stmt.BindText(1, n.kind)
	stmt.BindText(2, n.key)
	stmt.BindText(3, r.owner)
	stmt.BindInt64(4, r.expires)
	stmt.BindInt64(5, r.version)
	stmt.BindBytes(6, r.value)
	if err := run(stmt); err != nil {
		return fmt.Errorf("keeping a record: %w", err)
	}
	return nil
}

// Records that are swept: at least so many with a commit, and so many at once when there is nothing else to do.
const leastSwept, idleSwept = 16, 200

// sweepRecords ends records that have expired: twice as many as the running transaction has written, so that they become fewer
// and no commit takes long. What is left is swept when there is nothing else to do.
func (w *writer) sweepRecords() error {
	if w.expiring == 0 {
		return nil
	}
	most := 2*w.expiring + leastSwept
	w.expiring = 0
	return w.sweepSome(most)
}

func (w *writer) sweepSome(most int) error {
	w.sweepExpired.BindInt64(1, w.store.second())
	w.sweepExpired.BindInt64(2, int64(most))
	if err := run(w.sweepExpired); err != nil {
		return fmt.Errorf("sweeping expired records: %w", err)
	}
	return nil
}

// sweepIdle ends all records that have expired, as long as nobody is waiting.
func (w *writer) sweepIdle() {
	w.conn.SetBusyTimeout(0)
	defer w.conn.SetBusyTimeout(lockTimeout)
	for len(w.queue) == 0 {
		found, err := number(w.expiredRecord, w.store.second())
		if err != nil || found == 0 || w.transaction(func() error { return w.sweepSome(idleSwept) }) != nil {
			return // there is a next time
		}
	}
}

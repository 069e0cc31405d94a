package sqlite

import (
	"errors"
	"fmt"

	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// counters are what the next rows are numbered with. They are read anew after another process has written to the
// database, and after a rollback.
type counters struct {
	seq, at     int64           // of the newest version
	n           map[int64]int64 // newest n by type
	now         int64           // time of the running transaction, in milliseconds
	dataVersion int64
	valid       bool
}

// count brings the counters up to date and gives the transaction its time, which never runs against the commit order.
func (w *writer) count() error {
	c := &w.counters
	version, err := number(w.dataVersion)
	if err != nil {
		return err
	}
	if !c.valid || c.dataVersion != version {
		found, err := w.newest.Step()
		c.seq, c.at = 0, 0
		if found {
			c.seq, c.at = w.newest.ColumnInt64(0), w.newest.ColumnInt64(1)
		}
		if err = firstError(err, w.newest.Reset()); err != nil {
			return err
		}
		c.n, c.dataVersion, c.valid = make(map[int64]int64), version, true
		if err := firstError(w.readJournal(), w.refresh()); err != nil {
			return err
		}
	}
	c.now = max(c.at, w.store.options.Now().UnixMilli())
	return nil
}

// nextN numbers a new resource of the type.
func (w *writer) nextN(typ int64) (int64, error) {
	n, ok := w.counters.n[typ]
	if !ok {
		var err error
		if n, err = number(w.conn.newestN, rid(typ, 0), rid(typ+1, 0)); err != nil {
			return 0, err
		}
	}
	w.counters.n[typ] = n + 1
	return n + 1, nil
}

// verify reports errConflict when something that tx read for writing has changed since.
func (w *writer) verify(tx *stagedTx) error {
	if len(tx.writes) > 0 && tx.generation != w.generation {
		return errConflict
	}
	for _, wr := range tx.writes {
		if !wr.old.exists() {
			continue // the primary key of table resource will tell
		}
		seq, err := number(w.currentSeq, wr.old.rid)
		if err != nil {
			return err
		}
		if seq != wr.old.seq {
			return errConflict
		}
	}
	for guard, count := range tx.counts {
		now, err := w.conn.guardCount(guard)
		if err != nil {
			return err
		}
		if now != count {
			return errConflict
		}
	}
	return w.verifyRecords(tx)
}

func (w *writer) takeGuard(guard string) error {
	w.takeGuardStmt.BindText(1, guard)
	return run(w.takeGuardStmt)
}

func (w *writer) applyAll(tx *stagedTx) error {
	for _, wr := range tx.writes {
		if err := w.apply(wr); err != nil {
			return err
		}
	}
	for n, r := range tx.records.writes {
		if err := w.writeRecord(n, r); err != nil {
			return err
		}
	}
	for _, e := range tx.entries {
		if err := w.appendEntry(e); err != nil {
			return err
		}
	}
	for _, guard := range tx.guards {
		if err := w.takeGuard(guard); err != nil {
			return err
		}
	}
	return nil
}

// Methods as table version has them.
const (
	created int64 = 1
	updated int64 = 2
	deleted int64 = 3
)

// apply writes one version.
func (w *writer) apply(wr *write) error {
	c := &w.counters
	c.seq, c.at = c.seq+1, c.now
	wr.version.LastUpdated = timeOf(c.now)
	target := wr.old.rid
	if !wr.old.exists() {
		typ, err := w.ensure(typeName, wr.typ)
		if err != nil {
			return err
		}
		n, err := w.nextN(typ)
		if err != nil {
			return err
		}
		target = rid(typ, n)
		if err := w.applyNew(typ, n, wr.id); err != nil {
			return err
		}
	} else if err := w.applyNext(wr); err != nil {
		return err
	}
	stmt := w.insertVersion
	stmt.BindInt64(1, c.seq)
	stmt.BindInt64(2, target)
	stmt.BindInt64(3, wr.old.vid+1)
	stmt.BindInt64(4, c.now)
	switch {
	case wr.version.Deleted:
		stmt.BindInt64(5, deleted)
		stmt.BindText(6, wr.id)
		stmt.BindNull(7)
	case wr.version.Created:
		stmt.BindInt64(5, created)
		stmt.BindNull(6)
		stmt.BindText(7, wr.body)
	default:
		stmt.BindInt64(5, updated)
		stmt.BindNull(6)
		stmt.BindText(7, wr.body)
	}
	if err := run(stmt); err != nil {
		return fmt.Errorf("inserting version %d: %w", c.seq, err)
	}
	if err := w.reword(target, wr.wordsBefore, wr.words); err != nil {
		return err
	}
	if wr.typ == searchParameter {
		if err := w.define(wr.id, wr.body, wr.def); err != nil {
			return err
		}
	}
	return w.index(target&0xffffffff, wr.add, wr.remove)
}

// applyNew enters a resource that did not exist before.
func (w *writer) applyNew(typ, n int64, id string) error {
	w.insertResource.BindInt64(1, typ)
	bindID(w.insertResource, 2, id)
	w.insertResource.BindInt64(3, n)
	if err := run(w.insertResource); err != nil {
		if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultConstraint {
			return errors.Join(errConflict, err) // somebody else created it since the snapshot
		}
		return err
	}
	w.insertCurrent.BindInt64(1, rid(typ, n))
	w.insertCurrent.BindInt64(2, w.counters.seq)
	return run(w.insertCurrent)
}

// applyNext puts a version in the place of the current one.
func (w *writer) applyNext(wr *write) error {
	w.insertSuperseded.BindInt64(1, wr.old.rid)
	w.insertSuperseded.BindInt64(2, wr.old.vid)
	w.insertSuperseded.BindInt64(3, wr.old.seq)
	if err := run(w.insertSuperseded); err != nil {
		return err
	}
	w.updateCurrent.BindInt64(1, w.counters.seq)
	w.updateCurrent.BindBool(2, wr.version.Deleted)
	w.updateCurrent.BindInt64(3, wr.old.rid)
	return run(w.updateCurrent)
}

// index brings the index rows of resource n up to date.
func (w *writer) index(n int64, add, remove *search.Values) error {
	if err := w.indexRows(n, remove, &w.remove); err != nil {
		return fmt.Errorf("removing index values: %w", err)
	}
	if err := w.indexRows(n, add, &w.enter); err != nil {
		return fmt.Errorf("adding index values: %w", err)
	}
	return nil
}

// indexRows runs the statements over all values.
func (w *writer) indexRows(n int64, values *search.Values, stmts *rowStatements) error {
	return firstError(
		w.indexTokens(n, values.Tokens, stmts.token),
		w.indexStrings(n, values.Strings, stmts.text),
		w.indexDates(n, values.Dates, stmts.date),
		w.indexReferences(n, values.References, stmts.reference),
		w.indexURIs(n, values.URIs, stmts.uri),
		w.indexNumbers(n, values.Numbers, stmts.number),
		w.indexQuantities(n, values.Quantities, stmts.quantity),
		w.indexComposites(n, values.Composites, stmts.composite),
		w.indexTokenTexts(n, values.TokenTexts, stmts.tokenText),
		w.indexPositions(n, values.Positions, stmts.position),
	)
}

func (w *writer) indexTokens(n int64, values []search.TokenValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		system := int64(0)
		if v.System != "" {
			var err error
			if system, err = w.ensure(systemName, v.System); err != nil {
				return err
			}
		}
		stmt.BindText(2, v.Code)
		stmt.BindInt64(3, n)
		stmt.BindInt64(4, system)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) indexStrings(n int64, values []search.StringValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		stmt.BindText(2, v.Folded)
		stmt.BindInt64(3, n)
		stmt.BindText(4, v.Text)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) indexDates(n int64, values []search.DateValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		stmt.BindBytes(2, []byte(lowInstant(v.Low)))
		stmt.BindBytes(3, []byte(highInstant(v.High)))
		stmt.BindInt64(4, n)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) indexReferences(n int64, values []search.ReferenceValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		target, err := w.ensureOr0(typeName, v.Type)
		if err != nil {
			return err
		}
		base, err := w.ensureOr0(baseName, v.Base)
		if err != nil {
			return err
		}
		bindID(stmt, 2, v.ID)
		stmt.BindInt64(3, n)
		stmt.BindInt64(4, target)
		stmt.BindText(5, v.Version)
		stmt.BindInt64(6, base)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) indexURIs(n int64, values []search.URIValue, stmt *sqlite.Stmt) error {
	for i := range values {
		v := &values[i]
		stmt.BindText(2, v.URI)
		stmt.BindInt64(3, n)
		stmt.BindText(4, v.Version)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}

// runSlot binds the slot, which is the first column of every index table, and runs the statement.
func (w *writer) runSlot(stmt *sqlite.Stmt, slot *search.Slot) error {
	if w.fill != nil || len(w.twins) > 0 {
		return w.runNumbers(stmt, slot.Key())
	}
	number, err := w.ensure(slotName, slot.Key())
	if err != nil {
		return err
	}
	stmt.BindInt64(1, number)
	return run(stmt)
}

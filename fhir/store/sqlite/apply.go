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
		if err := w.refresh(); err != nil {
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
	if tx.generation != w.generation {
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
	return nil
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
	if err := w.indexRows(n, remove, w.deleteToken, w.deleteString, w.deleteDate, w.deleteReference, w.deleteURI); err != nil {
		return fmt.Errorf("removing index values: %w", err)
	}
	if err := firstError(w.indexNumbers(n, remove.Numbers, w.deleteNumber), w.indexQuantities(n, remove.Quantities, w.deleteQuantity)); err != nil {
		return fmt.Errorf("removing index values: %w", err)
	}
	if err := firstError(w.indexComposites(n, remove.Composites, w.deleteComposite), w.indexTokenTexts(n, remove.TokenTexts, w.deleteTokenText),
		w.indexPositions(n, remove.Positions, w.deletePosition)); err != nil {
		return fmt.Errorf("removing index values: %w", err)
	}
	if err := w.indexRows(n, add, w.insertToken, w.insertString, w.insertDate, w.insertReference, w.insertURI); err != nil {
		return fmt.Errorf("adding index values: %w", err)
	}
	if err := firstError(w.indexNumbers(n, add.Numbers, w.insertNumber), w.indexQuantities(n, add.Quantities, w.insertQuantity)); err != nil {
		return fmt.Errorf("adding index values: %w", err)
	}
	if err := firstError(w.indexComposites(n, add.Composites, w.insertComposite), w.indexTokenTexts(n, add.TokenTexts, w.insertTokenText),
		w.indexPositions(n, add.Positions, w.insertPosition)); err != nil {
		return fmt.Errorf("adding index values: %w", err)
	}
	return nil
}

// indexRows runs the statements, which take the columns of their tables in order, over all values.
func (w *writer) indexRows(n int64, values *search.Values, token, text, date, reference, uri *sqlite.Stmt) error {
	for i := range values.Tokens {
		v := &values.Tokens[i]
		system := int64(0)
		if v.System != "" {
			var err error
			if system, err = w.ensure(systemName, v.System); err != nil {
				return err
			}
		}
		token.BindText(2, v.Code)
		token.BindInt64(3, n)
		token.BindInt64(4, system)
		if err := w.runSlot(token, v.Slot); err != nil {
			return err
		}
	}
	for i := range values.Strings {
		v := &values.Strings[i]
		text.BindText(2, v.Folded)
		text.BindInt64(3, n)
		text.BindText(4, v.Text)
		if err := w.runSlot(text, v.Slot); err != nil {
			return err
		}
	}
	for i := range values.Dates {
		v := &values.Dates[i]
		date.BindBytes(2, []byte(lowInstant(v.Low)))
		date.BindBytes(3, []byte(highInstant(v.High)))
		date.BindInt64(4, n)
		if err := w.runSlot(date, v.Slot); err != nil {
			return err
		}
	}
	for i := range values.References {
		v := &values.References[i]
		target, err := w.ensureOr0(typeName, v.Type)
		if err != nil {
			return err
		}
		base, err := w.ensureOr0(baseName, v.Base)
		if err != nil {
			return err
		}
		bindID(reference, 2, v.ID)
		reference.BindInt64(3, n)
		reference.BindInt64(4, target)
		reference.BindText(5, v.Version)
		reference.BindInt64(6, base)
		if err := w.runSlot(reference, v.Slot); err != nil {
			return err
		}
	}
	for i := range values.URIs {
		v := &values.URIs[i]
		uri.BindText(2, v.URI)
		uri.BindInt64(3, n)
		uri.BindText(4, v.Version)
		if err := w.runSlot(uri, v.Slot); err != nil {
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

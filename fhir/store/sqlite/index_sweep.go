package sqlite

import (
	"time"

	"zombiezen.com/go/sqlite"
)

// grace is how long a number that is out of use stays: other processes look for changes more often than that.
const grace = time.Minute

// sweepDue reports whether there is a spare number whose time is over.
func (c *conn) sweepDue(grace time.Duration) (due bool, err error) {
	err = c.each("SELECT 1 FROM spare WHERE state <> 'next' AND since <= ? LIMIT 1", func(*sqlite.Stmt) error {
		due = true
		return nil
	}, millis()-grace.Milliseconds())
	return due, err
}

// sweep removes rows of a dropped slot, at most size from each table, and its number when there are none left.
func (w *writer) sweep(size int) error {
	before := millis() - w.store.grace.Milliseconds()
	over := 0
	if err := w.conn.each("SELECT count(*) FROM spare WHERE state = 'previous' AND since <= ?", func(stmt *sqlite.Stmt) error {
		over = stmt.ColumnInt(0)
		return nil
	}, before); err != nil {
		return err
	}
	if over > 0 { // all processes know the new numbers; from the next generation on nobody writes to the old ones
		w.changed = true
		return w.conn.exec("UPDATE spare SET state = 'dropped' WHERE state = 'previous' AND since <= ?", before)
	}
	slot := int64(0)
	if err := w.conn.each("SELECT slot FROM spare WHERE state = 'dropped' AND since <= ? ORDER BY slot LIMIT 1", func(stmt *sqlite.Stmt) error {
		slot = stmt.ColumnInt64(0)
		return nil
	}, before); err != nil {
		return err
	}
	if slot == 0 {
		return errNothing
	}
	removed := 0
	for _, table := range indexTables() {
		if removed >= size {
			return nil
		}
		n, err := w.removeRows(table, slot, size-removed)
		if err != nil {
			return err
		}
		removed += n
	}
	if removed > 0 {
		return nil
	}
	if err := w.conn.exec("DELETE FROM spare WHERE slot = ?", slot); err != nil {
		return err
	}
	return w.conn.exec("DELETE FROM dictionary WHERE id = ? AND kind = ?", slot, spareName)
}

// removeRows removes at most size rows of a slot from a table, whose primary key begins with the slot.
func (w *writer) removeRows(table string, slot int64, size int) (int, error) {
	columns := ""
	if err := w.conn.each("SELECT group_concat(name, ', ' ORDER BY pk) FROM pragma_table_info(?) WHERE pk > 1", func(stmt *sqlite.Stmt) error {
		columns = stmt.ColumnText(0)
		return nil
	}, table); err != nil {
		return 0, err
	}
	err := w.conn.exec("DELETE FROM "+table+" WHERE slot = ?1 AND ("+columns+") IN (SELECT "+columns+" FROM "+table+" WHERE slot = ?1 LIMIT ?2)", slot, size)
	return w.conn.Changes(), err
}

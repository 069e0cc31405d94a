package sqlite

import (
	"strconv"

	"zombiezen.com/go/sqlite"
)

// spareName is the kind of the names in the dictionary whose numbers stand in table spare.
const spareName int64 = 90

// spare makes a number for a slot beside the one it has.
func (w *writer) spare(key string) (int64, error) {
	next := int64(0)
	if err := w.conn.each("SELECT max(id) + 1 FROM dictionary", func(stmt *sqlite.Stmt) error {
		next = stmt.ColumnInt64(0)
		return nil
	}); err != nil {
		return 0, err
	}
	next = max(next, 1)
	return next, w.conn.exec("INSERT INTO dictionary (id, kind, text) VALUES (?, ?, ?)", next, spareName, spareText(key, next))
}

func spareText(key string, slot int64) string { return key + " #" + strconv.FormatInt(slot, 10) }

// setAside takes its number from a slot, if it has one, and makes it a spare one.
func (w *writer) setAside(key, state string) error {
	slot := int64(0)
	if err := w.conn.each("SELECT id FROM dictionary WHERE kind = ? AND text = ?", func(stmt *sqlite.Stmt) error {
		slot = stmt.ColumnInt64(0)
		return nil
	}, slotName, key); err != nil || slot == 0 {
		return err
	}
	if err := w.conn.exec("UPDATE dictionary SET kind = ?, text = ? WHERE id = ?", spareName, spareText(key, slot), slot); err != nil {
		return err
	}
	return w.conn.exec("INSERT INTO spare (slot, key, state, since) VALUES (?, ?, ?, ?)", slot, key, state, millis())
}

// drop gives up a slot that nothing uses any more, with all its numbers.
func (w *writer) drop(key string) error {
	if err := w.setAside(key, "dropped"); err != nil {
		return err
	}
	return w.conn.exec("UPDATE spare SET state = 'dropped', since = ? WHERE key = ? AND state <> 'dropped'", millis(), key)
}

// dropAll gives up all slots.
func (w *writer) dropAll() error {
	if err := w.conn.exec("INSERT INTO spare (slot, key, state, since) SELECT id, text, 'dropped', ? FROM dictionary WHERE kind = ?", millis(), slotName); err != nil {
		return err
	}
	if err := w.conn.exec("UPDATE spare SET state = 'dropped', since = ? WHERE state <> 'dropped'", millis()); err != nil {
		return err
	}
	return w.conn.exec("UPDATE dictionary SET kind = ?, text = text || ' #' || id WHERE kind = ?", spareName, slotName)
}

// runNumbers is runSlot while a slot may have more than one number, or is none of those that are being filled.
func (w *writer) runNumbers(stmt *sqlite.Stmt, key string) error {
	if w.fill != nil && !w.fill[key] {
		return nil
	}
	numbers := w.twins[key]
	if w.fill == nil || !w.repairs {
		number, err := w.ensure(slotName, key)
		if err != nil {
			return err
		}
		numbers = append(numbers[:len(numbers):len(numbers)], number)
	}
	for _, number := range numbers {
		stmt.BindInt64(1, number)
		if err := run(stmt); err != nil {
			return err
		}
	}
	return nil
}

package sqlite

import (
	"fmt"

	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// cells are the columns of one part of a composite: see migrations/0003_composite.sql.
type cells struct {
	key, high any // arguments of a statement
	num       int64
	unit      int64
}

// numbering gives the number of a name; 0 for none.
type numbering func(kind int64, text string) (int64, error)

// cellsOf gives the cells of a part: several for a quantity, which is found by several units.
func cellsOf(part any, number numbering) (list []cells, err error) {
	c := cells{key: int64(0), high: blob("")}
	switch v := part.(type) {
	case search.TokenValue:
		c.key = v.Code
		c.num, err = number(systemName, v.System)
	case search.StringValue:
		c.key = v.Folded
	case search.DateValue:
		c.key, c.high = blob(lowInstant(v.Low)), blob(highInstant(v.High))
	case search.NumberValue:
		c.key, c.high = blob(v.Low), highBound(v.Interval)
	case search.QuantityValue:
		err = eachUnit(&v, number, func(unit int64, i search.Interval) error {
			list = append(list, cells{key: blob(i.Low), high: highBound(i), num: unit, unit: max(unit, 0)})
			return nil
		})
		return list, err
	case search.ReferenceValue:
		typ, failed := number(typeName, v.Type)
		base, err := number(baseName, v.Base)
		c.key, c.num = id(v.ID), typ|base<<32
		if v.Version != "" {
			c.high = v.Version
		}
		return []cells{c}, firstError(failed, err)
	case search.URIValue:
		if c.key = v.URI; v.Version != "" {
			c.high = v.Version
		}
	case nil: // a part that the composite does not have
	default:
		err = fmt.Errorf("composite: there are no columns for a %T", part)
	}
	return []cells{c}, err
}

// eachCombination calls row with the columns of every row of a value, in the order of table composite.
func eachCombination(v *search.CompositeValue, slot, n int64, number numbering, row func(columns []any) error) error {
	var parts [search.MaxParts][]cells
	for i := range parts {
		var err error
		if parts[i], err = cellsOf(v.Parts[i], number); err != nil {
			return err
		}
	}
	for _, a := range parts[0] {
		for _, b := range parts[1] {
			for _, c := range parts[2] {
				if err := row([]any{slot, a.key, b.unit, b.key, n, a.num, a.high, b.num, b.high, c.key, c.num, c.high}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const (
	insertComposite = "INSERT OR IGNORE INTO composite (slot, key1, unit2, key2, n, num1, high1, num2, high2, key3, num3, high3) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	whereComposite  = "slot = ? AND key1 = ? AND unit2 = ? AND key2 = ? AND n = ? AND num1 = ? AND high1 = ? AND num2 = ? AND high2 = ? AND key3 = ? AND num3 = ? AND high3 = ?"
)

// indexComposites runs the statement, which takes the columns of the table in order, over the values.
func (w *writer) indexComposites(n int64, values []search.CompositeValue, stmt *sqlite.Stmt) error {
	for i := range values {
		if err := eachCombination(&values[i], 0, n, w.ensureOr0, func(columns []any) error {
			for k, column := range columns[1:] {
				bindArgument(stmt, k+2, column)
			}
			return w.runSlot(stmt, values[i].Slot)
		}); err != nil {
			return err
		}
	}
	return nil
}

// indexTokenTexts is the same for the texts of tokens.
func (w *writer) indexTokenTexts(n int64, values []search.TokenTextValue, stmt *sqlite.Stmt) error {
	for i := range values {
		text, err := w.ensure(textName, values[i].Folded)
		if err != nil {
			return err
		}
		stmt.BindInt64(2, text)
		stmt.BindInt64(3, n)
		if err := w.runSlot(stmt, values[i].Slot); err != nil {
			return err
		}
	}
	return nil
}

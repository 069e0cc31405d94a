package sqlite

import (
	"fmt"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// index compares the index with what the resources give: every row they give is there, and there are no others.
func (k *checking) index() error {
	expected := make(map[string]int64) // rows by table
	if err := k.incomplete(); err != nil {
		return err
	}
	if err := k.eachCurrent(0, func(rid int64, r *fhir.Resource) error {
		if err := k.ctx.Err(); err != nil {
			return givenUp(err)
		}
		return k.rowsOf(rid, r, expected)
	}); err != nil {
		return asOutcome(err)
	}
	for _, table := range indexTables() {
		if err := k.query(k.ctx, sql("SELECT count(*) FROM "+table+" WHERE slot NOT IN (SELECT slot FROM spare)"+k.except), func(stmt *sqlite.Stmt) error {
			if n := stmt.ColumnInt64(0); n > expected[table] {
				k.problem("the search index has %d %s values that no resource gives", n-expected[table], table)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf looks up a resource by its id, and what it gives to the index.
func (k *checking) rowsOf(rid int64, r *fhir.Resource, expected map[string]int64) error {
	if got, err := k.row(r.Type(), r.ID()); err != nil || got.rid != rid {
		k.problem("%s/%s: its id leads elsewhere (%v)", r.Type(), r.ID(), err)
	}
	seen := make(map[string]bool)
	return k.eachRow(nOf(rid), k.store.options.Params.Values(r), func(table, where string, columns ...any) error {
		if k.partial[columns[0].(int64)] {
			return nil
		}
		key := fmt.Sprintf("%s %#v", table, columns)
		if seen[key] {
			return nil // a resource may say the same thing twice
		}
		seen[key] = true
		expected[table]++
		found := false
		s := sql("SELECT 1 FROM "+table+" WHERE "+where, columns...)
		if err := k.query(k.ctx, s, func(*sqlite.Stmt) error { found = true; return nil }); err != nil {
			return err
		}
		if !found {
			k.problem("%s/%s: a %s value is missing from the search index", r.Type(), r.ID(), table)
		}
		return nil
	})
}

// eachRow gives the rows that the index must have for the values of resource n. It does not share the writer's code
// (writer.indexRows) on purpose.
func (k *checking) eachRow(n int64, v *search.Values, row func(table, where string, columns ...any) error) error {
	var failed error
	number := func(kind int64, text string) int64 {
		if text == "" {
			return 0
		}
		id, err := k.store.names.id(k.conn, kind, text)
		if id == 0 {
			id = unknown
		}
		failed = firstError(failed, err)
		return id
	}
	slot := func(s *search.Slot) int64 { return number(slotName, s.Key()) }
	add := func(table, where string, columns ...any) {
		if failed == nil {
			failed = row(table, where, columns...)
		}
	}
	for _, t := range v.Tokens {
		add("token", "slot = ? AND code = ? AND n = ? AND system = ?", slot(t.Slot), t.Code, n, number(systemName, t.System))
	}
	for _, s := range v.Strings {
		add("string", "slot = ? AND folded = ? AND n = ? AND text = ?", slot(s.Slot), s.Folded, n, s.Text)
	}
	for _, d := range v.Dates {
		add("date", "slot = ? AND low = ? AND high = ? AND n = ?", slot(d.Slot), blob(lowInstant(d.Low)), blob(highInstant(d.High)), n)
	}
	for _, r := range v.References {
		add("reference", "slot = ? AND id = ? AND n = ? AND type = ? AND version = ? AND base = ?",
			slot(r.Slot), id(r.ID), n, number(typeName, r.Type), r.Version, number(baseName, r.Base))
	}
	for _, u := range v.URIs {
		add("uri", "slot = ? AND uri = ? AND n = ? AND version = ?", slot(u.Slot), u.URI, n, u.Version)
	}
	for _, v := range v.Numbers {
		add("number", "slot = ? AND low = ? AND high = ? AND n = ?", slot(v.Slot), blob(v.Low), highBound(v.Interval), n)
	}
	for _, q := range v.Quantities {
		row := func(unit int64, i search.Interval) {
			add("quantity", "slot = ? AND unit = ? AND low = ? AND high = ? AND n = ?", slot(q.Slot), unit, blob(i.Low), highBound(i), n)
		}
		if code, unit := number(unitName, q.Code), number(unitName, q.Unit); code != 0 && unit != 0 && code != unit {
			row(-code, q.Interval)
			row(-unit, q.Interval)
		} else {
			row(min(-code, -unit), q.Interval)
		}
		if q.In != "" {
			row(number(unitName, q.In), q.Amount)
		}
	}
	for _, t := range v.TokenTexts {
		add("token_text", "slot = ? AND text = ? AND n = ?", slot(t.Slot), number(textName, t.Folded), n)
	}
	for _, p := range v.Positions {
		add("position", "slot = ? AND latitude = ? AND longitude = ? AND n = ?", slot(p.Slot), p.Latitude, p.Longitude, n)
	}
	for i := range v.Composites {
		known := func(kind int64, text string) (int64, error) { return number(kind, text), nil }
		failed = firstError(failed, eachCombination(&v.Composites[i], slot(v.Composites[i].Slot), n, known, func(columns []any) error {
			add("composite", whereComposite, columns...)
			return nil
		}))
	}
	return failed
}

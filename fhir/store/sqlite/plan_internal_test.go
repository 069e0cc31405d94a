package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// explained gives SQLite's plan for a page of a search, and for the counting of its matches.
func explained(t testing.TB, s *Store, typ, query string) (page, count string) {
	t.Helper()
	params, err := fhir.ParseParams(query)
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := s.options.Params.Parse(typ, params, search.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := s.View(ctx, func(tx fhir.Tx) error {
		r := &tx.(*viewTx).reader
		c, err := r.compiler(ctx, q)
		if err != nil {
			return err
		}
		for text, statement := range map[*string]*statement{&page: c.pageStatement(), &count: c.candidates(nil)} {
			if err := r.query(ctx, sql("EXPLAIN QUERY PLAN "+statement.String(), statement.args...), func(stmt *sqlite.Stmt) error {
				*text += stmt.ColumnText(3) + "\n"
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return page, count
}

// hundred is a store with 1,200 Observations, 12 for each Patient.
func hundred(t *testing.T) *Store {
	t.Helper()
	s := openInternal(t)
	ctx := t.Context()
	for i := range 100 {
		if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
			for o := range 12 {
				r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","status":"final","category":[{"coding":[{"system":"urn:c","code":"vital"}]}],
					"code":{"coding":[{"system":"urn:l","code":"c%d"}],"text":"Text %d"},"subject":{"reference":"Patient/%d"},"effectiveDateTime":"20%02d-05","valueString":"v %d"}`,
					i, o, o%3, i, i, o, i), fhir.Limits{})
				if err != nil {
					return err
				}
				if _, err := tx.Put(ctx, r); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestPlans checks that SQLite uses the indexes as they are meant. The statements do not depend on how much data there is, but
// the choice of the driver does.
func TestPlans(t *testing.T) {
	s := hundred(t)
	const sorted = "TEMP B-TREE"
	for _, test := range []struct {
		query      string
		want, not  []string
		countScans bool
	}{
		{query: "code=c1", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND code=? AND n>?)"}, not: []string{sorted}},
		{query: "code=urn:l|c1", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND code=? AND n>?)"}, not: []string{sorted}},
		{query: "subject=Patient/7", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=? AND n>?)"}, not: []string{sorted}},
		{query: "patient=7", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=? AND n>?)"}, not: []string{sorted}},
		{query: "", want: []string{"SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}, not: []string{sorted}},
		{query: "subject=Patient/7&code=c1", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=? AND n>?)", "USING PRIMARY KEY (slot=? AND code=? AND n=?)"}, not: []string{sorted}},
		{query: "code=c1&subject=Patient/7", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=? AND n>?)"}, not: []string{sorted}},
		{query: "subject=Patient/7&date=ge2005", want: []string{"slot=? AND id=? AND n>?", "USING COVERING INDEX date_n (slot=? AND n=?"}, not: []string{sorted}},
		{query: "subject=Patient/7&_sort=-date", want: []string{"slot=? AND id=?", "USING COVERING INDEX date_n (slot=? AND n=?"}},
		{query: "subject=Patient/7&status:not=amended", want: []string{"slot=? AND id=? AND n>?", "USING PRIMARY KEY (slot=? AND code=? AND n=?)"}, not: []string{sorted}},
		{query: "date=ge2005&status=final", want: []string{"slot=? AND code=? AND n>?", "USING COVERING INDEX date_n (slot=? AND n=?"}, not: []string{sorted}},
		{query: "date=ge2005", want: []string{"SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "date_n (slot=? AND n=?"}, not: []string{sorted}},
		{query: "date=2001-05-07", want: []string{"USING PRIMARY KEY (slot=? AND low>? AND low<?)"}},
		{query: "value-string=v 7", want: []string{"USING PRIMARY KEY (slot=? AND folded>? AND folded<?)"}},
		{query: "value-string:exact=v 7", want: []string{"USING PRIMARY KEY (slot=? AND folded=? AND n>?)"}, not: []string{sorted}},
		{query: "_id=7-1", want: []string{"SEARCH x USING PRIMARY KEY (type=? AND id=?)"}},
		{query: "_lastUpdated=ge2100", want: []string{"version_type"}},
		{query: "_sort=-_lastUpdated", want: []string{"USING INDEX version_type"}},
		{query: "status=final&_sort=-_lastUpdated", want: []string{"USING INDEX version_type", "USING PRIMARY KEY (slot=? AND code=? AND n=?)"}},
		{query: "subject=Patient/1,Patient/2,Patient/3", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=?"}},
		{query: "code-value-string=urn:l|c1$v 7", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND key1=? AND unit2=? AND key2>? AND key2<?)"}},
		{query: "code-value-string=c1$v&subject=Patient/7", want: []string{"slot=? AND id=? AND n>?", "USING COVERING INDEX composite_n (slot=? AND n=? AND key1=? AND unit2=? AND key2>?"}, not: []string{sorted}},
		{query: "code:text=text 77", want: []string{"SEARCH x USING PRIMARY KEY (slot=? AND text=? AND n>?)"}, not: []string{sorted}},
		{query: "code:text=text 7&subject=Patient/7", want: []string{"slot=? AND id=? AND n>?", "SEARCH x USING PRIMARY KEY (slot=? AND text=? AND n=?)"}, not: []string{sorted}},
		{query: "code=urn:l|c1,urn:c|vital", want: []string{"slot=? AND code=?"}},
	} {
		page, count := explained(t, s, "Observation", test.query)
		for _, want := range test.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the plan lacks %q:\n%s", test.query, want, page)
			}
		}
		for _, not := range test.not {
			// The page itself, of at most _count rows, may be sorted.
			if inner, _, _ := strings.Cut(page, "SCAN p"); strings.Contains(inner, not) {
				t.Errorf("%s: the plan has %q:\n%s", test.query, not, page)
			}
		}
		for _, plan := range []string{page, count} {
			for line := range strings.Lines(plan) {
				if table, ok := strings.CutPrefix(line, "SCAN "); ok && !strings.HasPrefix(table, "p\n") && !strings.HasPrefix(table, "m\n") && !strings.HasPrefix(table, "d\n") && !strings.HasPrefix(table, "keyed") &&
					!strings.HasPrefix(table, "(subquery") && !strings.HasPrefix(table, "CONSTANT ROW") {
					t.Errorf("%s: a whole table is read (%s):\n%s", test.query, strings.TrimSpace(line), plan)
				}
			}
		}
	}
}

// TestPointStatements checks the statements that every request needs.
func TestPointStatements(t *testing.T) {
	s := openInternal(t)
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		r := &tx.(*viewTx).reader
		for name, text := range map[string]string{
			"read": `SELECT c.rid, c.seq, v.vid, v.at, v.body FROM resource r CROSS JOIN current c ON c.rid = r.type << 32 | r.n CROSS JOIN version v ON v.seq = c.seq
				WHERE r.type = ? AND r.id = ?`,
			"events":           "SELECT seq, rid, vid, at, method, id, body FROM version v WHERE seq > ? ORDER BY seq LIMIT ?",
			"history":          "SELECT seq FROM version v WHERE 1 ORDER BY seq DESC LIMIT ?",
			"history type":     "SELECT seq FROM version v WHERE 1 AND v.rid >> 32 = ? AND v.seq >= ? AND v.seq < ? ORDER BY seq DESC LIMIT ?",
			"history instance": "SELECT seq FROM version v WHERE 1 AND v.seq IN (SELECT seq FROM superseded WHERE rid = ? UNION ALL SELECT seq FROM current WHERE rid = ?) ORDER BY seq DESC LIMIT ?",
		} {
			plan := ""
			if err := r.query(t.Context(), sql("EXPLAIN QUERY PLAN "+text), func(stmt *sqlite.Stmt) error {
				plan += stmt.ColumnText(3) + "\n"
				return nil
			}); err != nil {
				return err
			}
			if strings.Contains(plan, "TEMP B-TREE") || name != "history" && strings.Contains(plan, "SCAN v") || strings.Contains(plan, "SCAN superseded") || strings.Contains(plan, "SCAN current") {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// pages reads all pages of a search of Observations, and says for how many of them something had to be gathered.
func pages(t *testing.T, s *Store, query string) (ids []string, gathered int) {
	t.Helper()
	ctx := t.Context()
	params, err := fhir.ParseParams(query)
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := s.options.Params.Parse("Observation", params, search.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for {
		page := &fhir.SearchPage{}
		if err := s.View(ctx, func(tx fhir.Tx) error {
			c, err := (&tx.(*viewTx).reader).compiler(ctx, q)
			if err != nil {
				return err
			}
			if err := c.page(q, page); err == nil && c.driver != nil {
				gathered++
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Resources {
			ids = append(ids, r.ID())
		}
		if page.Next == "" {
			return ids, gathered
		}
		q.After = page.Next
	}
}

// TestWalk checks that a walk gives the same pages as sorting does, and that it is given up where it leads nowhere. Observation i-o
// is of the year 2000 + o and has code o % 3.
func TestWalk(t *testing.T) {
	storetest.Single(t)
	s := hundred(t)
	add := func(id, effective string) {
		if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
			r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"system":"urn:l","code":"c1"}]}%s}`, id, effective), fhir.Limits{})
			if err == nil {
				_, err = tx.Put(t.Context(), r)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	add("never", "")
	add("often", `,"effectiveTiming":{"event":["2001-05-01","2011-07-01"]}`)
	add("01a20373-1441-73b7-b204-be69518d6cb1", `,"effectiveDateTime":"2030"`)
	expect := func(descending bool, keep func(o int) bool) (ids []string) {
		for o := range 12 {
			if descending {
				o = 11 - o
			}
			for i := range 100 {
				if keep(o) {
					ids = append(ids, fmt.Sprintf("%d-%d", i, o))
				}
			}
		}
		return ids
	}
	c1 := func(o int) bool { return o%3 == 1 }
	for _, test := range []struct {
		query    string
		want     []string
		gathered int // pages: of those without a date, and where the walk is too long
	}{
		{"code=c1&_sort=-date&_count=90", slices.Concat([]string{"01a20373-1441-73b7-b204-be69518d6cb1", "often"}, expect(true, c1), []string{"never"}), 1},
		{"code=c1&_sort=date&_count=90", slices.Concat(expect(false, c1)[:100], []string{"often"}, expect(false, c1)[100:], []string{"01a20373-1441-73b7-b204-be69518d6cb1", "never"}), 1},
		{"code=c1&date=le2002-12&_sort=-date&_count=30", slices.Concat([]string{"often"}, expect(true, func(o int) bool { return o == 1 })), 2},
		{"_sort=-date&_count=170", slices.Concat([]string{"01a20373-1441-73b7-b204-be69518d6cb1", "often"}, expect(true, func(int) bool { return true }), []string{"never"}), 0},
	} {
		got, gathered := pages(t, s, test.query)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %d ids %v\nwant %d %v", test.query, len(got), got, len(test.want), test.want)
		}
		if gathered != test.gathered {
			t.Errorf("%s: something was gathered for %d pages", test.query, gathered)
		}
	}
	byID := append(expect(false, func(int) bool { return true }), "never", "often", "01a20373-1441-73b7-b204-be69518d6cb1")
	slices.Sort(byID)
	if got, gathered := pages(t, s, "_sort=_id&_count=33"); !slices.Equal(got, byID) || gathered > 0 {
		t.Errorf("_sort=_id: %v, %d", got, gathered)
	}
	slices.Reverse(byID)
	if got, _ := pages(t, s, "_sort=-_id&_count=33"); !slices.Equal(got, byID) {
		t.Errorf("_sort=-_id: %v", got)
	}
}

// TestWalkPlans checks that SQLite sorts no more than what has the same value, and where intervals are looked for that end late.
func TestWalkPlans(t *testing.T) {
	s := hundred(t)
	q, _, err := s.options.Params.Parse("Observation", fhir.Params{{Name: "code", Value: "c1"}, {Name: "_sort", Value: "-date"}}, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		c, err := (&tx.(*viewTx).reader).compiler(t.Context(), q)
		if err != nil {
			return err
		}
		text, high := "x", blob("\x01\x02\x03\x04\x05")
		for _, at := range []*position{nil, {Keys: []keyValue{{Text: &text}}, N: 1}} {
			plan := ""
			for _, s := range c.order.walk.from(at) {
				if err := c.query(t.Context(), sql("EXPLAIN QUERY PLAN "+s.String(), s.args...), func(stmt *sqlite.Stmt) error {
					plan += stmt.ColumnText(3) + "\n"
					return nil
				}); err != nil {
					return err
				}
			}
			if !strings.Contains(plan, "LAST TERM OF ORDER BY") || strings.Contains(plan, "SCAN x") || !strings.Contains(plan, "date_n (slot=? AND n=?") {
				t.Errorf("the plan of the walk:\n%s", plan)
			}
		}
		plan := ""
		for _, r := range (func() (list []rows) {
			var tests intervalTests
			tests.add(dateWays(alternative{text: endsAfter, args: []any{high}}))
			return tests.rows("date", sql("x.slot = ?", 1))
		})() {
			s := r.set()
			if err := c.query(t.Context(), sql("EXPLAIN QUERY PLAN "+s.String(), s.args...), func(stmt *sqlite.Stmt) error {
				plan += stmt.ColumnText(3) + "\n"
				return nil
			}); err != nil {
				return err
			}
		}
		if !strings.Contains(plan, "(slot=? AND low>?)") || !strings.Contains(plan, "date_long (slot=? AND high>?)") {
			t.Errorf("the plan for late ends:\n%s", plan)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

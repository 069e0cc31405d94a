package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// testPageAgain goes back to the beginnings of pages that were read before. A position is a place between matches, not a match: it
// holds when the match before it is deleted or changed, however often it is used.
func testPageAgain(t *testing.T, s *suite) {
	for _, query := range []string{"", "gender=male", "_sort=family", "_sort=-family,birthdate", "_sort=-_lastUpdated", "_sort=birthdate", "_sort=-_id", "gender=male&_sort=general-practitioner,family"} {
		st := s.open(t)
		for i := range 30 {
			st.put(pagePatient(t, i, "F"))
		}
		q := s.parse(t, "Patient?"+query+"&_count=4")
		pages, begins := [][]string(nil), []string{""}
		for page := st.searchPage(q); ; page = st.searchPage(q) {
			pages = append(pages, idsOf(page.Resources))
			if page.Next == "" {
				break
			}
			begins = append(begins, page.Next)
			q.After = page.Next
		}
		from := func(i int) []string {
			q.After = begins[i]
			return idsOf(st.searchPage(q).Resources)
		}
		for i := len(begins) - 1; i >= 0; i-- {
			if got := from(i); !slices.Equal(got, pages[i]) {
				t.Errorf("%q: page %d was %v and is %v", query, i, pages[i], got)
			}
		}
		// The last match of every page goes: the next page begins where it began.
		for i := range pages {
			st.delete("Patient/" + pages[i][len(pages[i])-1])
		}
		for i := len(begins) - 1; i >= 0; i-- {
			got, want := from(i), pages[i][:len(pages[i])-1]
			if len(want) > 0 && (len(got) < len(want) || !slices.Equal(got[:len(want)], want)) {
				t.Errorf("%q: page %d began with %v and begins with %v", query, i, want, got)
			}
		}
		// A new version that says the same changes no order but that of _lastUpdated.
		if query == "_sort=-_lastUpdated" {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(pages[1][0], "p%d", &n); err != nil {
			t.Fatal(err)
		}
		st.clock.Advance(time.Second)
		st.put(pagePatient(t, n, "F"))
		if got := from(1); len(got) == 0 || got[0] != pages[1][0] {
			t.Errorf("%q: page 1 began with %s and begins with %v", query, pages[1][0], got)
		}
	}
}

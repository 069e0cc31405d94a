package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// testAcrossStable pages through searches across types while others create, change and delete resources of all of them. What
// nobody touches is shown once, everything at most once, and in every size of page in the same order.
func testAcrossStable(t *testing.T, s *suite) {
	types := []string{"Patient", "Practitioner", "Organization"}
	person := func(i int, name string) *fhir.Resource {
		text := `"name":[{"family":"` + name + `"}]`
		if i%3 == 2 {
			text = `"name":"` + name + `"`
		}
		return resource(t, fmt.Sprintf(`{"resourceType":"%s","id":"r%d","meta":{"tag":[{"code":"t%d"}]},%s}`, types[i%3], i, i%4, text))
	}
	for _, query := range []string{"", "_tag=t0,t1,t2", "_sort=_id", "_sort=-_id", "_sort=_lastUpdated", "_sort=-_lastUpdated", "_sort=name", "_sort=-_tag,name,-_id", "_lastUpdated=ge2024&_sort=-name"} {
		t.Run(query, func(t *testing.T) {
			st := s.open(t)
			for i := range 60 {
				st.put(person(i, fmt.Sprint("First", i%7)))
			}
			url := "?_type=" + strings.Join(types, ",") + "&" + query
			all := st.search(url)
			for _, count := range []int{1, 2, 7, 59, 60, 61} {
				if got := st.search(fmt.Sprintf("%s&_count=%d", url, count)); !slices.Equal(got, all) {
					t.Errorf("in pages of %d: %v, at once %v", count, got, all)
				}
			}
			q := s.parse(t, url+"&_count=7")
			shown := make(map[string]int)
			for page := 0; ; page++ {
				got := st.searchPage(q)
				for _, id := range idsOf(got.Resources) {
					shown[id]++
				}
				if got.Next == "" {
					break
				}
				q.After = got.Next
				// Of each type every fifth is changed or deleted.
				st.clock.Advance(time.Second)
				st.put(person(100+page, "Late"), person(page*5%60, "A"), person((55-page*5%60+60)%60, "Z"))
				if r := person((30+page*5)%60, "-"); slices.Contains(st.search(r.Type()+"?_id="+r.ID()), r.ID()) {
					st.delete(r.Reference())
				}
			}
			for i := range 60 {
				id := fmt.Sprint("r", i)
				want := 1
				if query == "_tag=t0,t1,t2" && i%4 == 3 {
					want = 0
				}
				if i%5 != 0 && shown[id] != want {
					t.Errorf("%s, which nobody touched, was shown %d times", id, shown[id])
				}
				if shown[id] > 1 && !strings.Contains(query, "_lastUpdated") && !strings.Contains(query, "name") {
					t.Errorf("%s was shown %d times", id, shown[id])
				}
			}
		})
	}
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// testPagesStable pages through searches while others create, change and delete resources. What was there all the time and did
// not change must be shown once; nothing may be shown twice.
func testPagesStable(t *testing.T, s *suite) {
	for _, query := range []string{
		"gender=male", "gender=male&_sort=family", "gender=male&_sort=-family", "gender=male&_sort=birthdate,-_id", "gender=male&_sort=-_lastUpdated", "gender=male&_sort=_lastUpdated",
		"gender:not=female&_sort=-birthdate", "_sort=-_lastUpdated", "_sort=_lastUpdated", "", "birthdate=ge1900", "birthdate=ge1900&_sort=gender", "family=f&gender=male", "_lastUpdated=ge2024",
	} {
		t.Run(query, func(t *testing.T) {
			st := s.open(t)
			st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
				for i := range 60 {
					if _, err := tx.Put(ctx, pagePatient(t, i, "First")); err != nil {
						return err
					}
				}
				return nil
			})
			q := s.parse(t, "Patient?"+query+"&_count=7")
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
				// Each third is changed or deleted; those come from both ends and the middle.
				st.clock.Advance(time.Second)
				st.put(patient(t, fmt.Sprint("late", page), "Feline", `"gender":"male"`, `"birthDate":"1950"`), pagePatient(t, page*6%60, "Fa"), pagePatient(t, (59-page*6)%60/3*3, "Fz"))
				if id := (30 + page*6) % 60 / 3 * 3; slices.Contains(st.search("Patient?_id="+fmt.Sprint("p", id)), fmt.Sprint("p", id)) {
					st.delete("Patient/" + fmt.Sprint("p", id))
				}
			}
			for i := range 60 {
				if id := fmt.Sprint("p", i); i%3 != 0 && shown[id] != 1 {
					t.Errorf("%s, which nobody touched, was shown %d times", id, shown[id])
				}
			}
		})
	}
}

// pagePatient is a male patient. The values by which pages are ordered collide, and some are missing.
func pagePatient(t *testing.T, i int, family string) *fhir.Resource {
	more := []string{`"gender":"male"`}
	if i%7 != 0 {
		more = append(more, fmt.Sprintf(`"birthDate":"19%02d"`, 50+i%11))
	} else {
		more = append(more, `"birthDate":"1900-01-01"`)
	}
	return patient(t, fmt.Sprint("p", i), fmt.Sprint(family, i%13), more...)
}

// testPageSizes pages through one answer in pages of every size: always the same matches in the same order.
func testPageSizes(t *testing.T, s *suite) {
	st := s.open(t)
	for i := range 23 {
		st.put(pagePatient(t, i, "F"))
	}
	for _, query := range []string{"", "gender=male", "birthdate=ge1900", "birthdate=ge1900&gender=male", "_sort=family", "_sort=-family", "_sort=birthdate", "_sort=-birthdate,family", "_sort=-_lastUpdated",
		"_sort=_lastUpdated", "_sort=-_id", "_sort=gender", "gender=male&_sort=gender,-birthdate,_id", "family:contains=f&_sort=-family"} {
		all := st.search("Patient?" + query)
		if len(all) != 23 {
			t.Errorf("%s finds %d", query, len(all))
		}
		for _, count := range []int{1, 2, 5, 22, 23, 24} {
			got := st.search(fmt.Sprintf("Patient?%s&_count=%d", query, count))
			if !slices.Equal(got, all) {
				t.Errorf("%s in pages of %d gives %v, at once %v", query, count, got, all)
			}
		}
	}
}

// testPageForeign follows page links with searches that they were not made for.
func testPageForeign(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One"), patient(t, "2", "Two"), patient(t, "3", "Three"))
	sorted := st.searchPage(s.parse(t, "Patient?_sort=family&_count=1")).Next
	plain := st.searchPage(s.parse(t, "Patient?_count=1")).Next
	for after, url := range map[string]string{plain: "Patient?_sort=family", sorted: "Patient?", "e30": "Patient?", "!": "Patient?", "bnVsbA": "Patient?_sort=name"} {
		q := s.parse(t, url)
		q.After = after
		err := st.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.Search(t.Context(), q)
			return err
		})
		wantCode(t, "the page after "+after+" of "+url, err, fhir.Invalid)
	}
}

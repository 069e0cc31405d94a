package storetest

import (
	"context"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

// testTotals counts: accurately, or about. An estimate says that it is one, is near, and is no estimate where there is little to count.
func testTotals(t *testing.T, s *suite) {
	const all = 4000
	st := s.open(t)
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		for i := range all {
			gender := []string{"male", "male", "female", "other"}[i%4]
			more := []string{fmt.Sprintf(`"gender":"%s"`, gender), fmt.Sprintf(`"birthDate":"19%02d"`, i%100), fmt.Sprintf(`"active":%v`, i%4000 < 2000)}
			if i%5 == 0 {
				more = append(more, `"managingOrganization":{"reference":"Organization/1"}`)
			}
			if _, err := tx.Put(ctx, patient(t, fmt.Sprint("p", i), fmt.Sprint("F", i%3), more...)); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range 7 {
		st.delete(fmt.Sprint("Patient/p", i*4)) // all of them male
	}
	for query, want := range map[string]struct {
		n     int
		exact bool // it has to be
	}{
		"":                                   {3993, false},
		"gender=male":                        {1993, false},
		"gender:not=male":                    {2000, false},
		"gender=male&family=F0":              {664, false},
		"gender=other":                       {1000, true},
		"gender=unknown":                     {0, true},
		"gender=male&birthdate=1901":         {40, false},
		"birthdate=ge1950&gender=male":       {960, false},
		"family=F&active=true":               {1993, false},
		"active=true&gender:not=male":        {1000, false},
		"active=true&birthdate=1950":         {20, false},
		"family=F1,F2":                       {0, false}, // counted below
		"organization:missing=true":          {0, false},
		"organization=1&gender=male":         {0, false},
		"gender=male,female,other":           {3993, false},
		"birthdate=1901&_lastUpdated=gt2000": {40, false},
	} {
		accurate := st.searchPage(s.parse(t, "Patient?"+query+"&_count=5&_total=accurate"))
		counted := len(st.search("Patient?" + query))
		if accurate.Total != counted || accurate.Estimated || want.n > 0 && want.n != counted {
			t.Errorf("%q finds %d, counts %d (%v), and there are %d", query, counted, accurate.Total, accurate.Estimated, want.n)
		}
		for _, count := range []string{"5", "0"} {
			about := st.searchPage(s.parse(t, "Patient?"+query+"&_total=estimate&_count="+count))
			switch off := about.Total - counted; {
			case !about.Estimated && off != 0:
				t.Errorf("%q: %d instead of %d is said to be exact", query, about.Total, counted)
			case about.Estimated && (want.exact || off > counted/3 || off < -counted/3):
				t.Errorf("%q: the estimate %d of %d", query, about.Total, counted)
			}
			if (len(about.Resources) == 0) != (count == "0" || counted == 0) {
				t.Errorf("%q: %d on a page of %s", query, len(about.Resources), count)
			}
		}
	}
	if page := st.searchPage(s.parse(t, "Patient?_total=none&_count=1")); page.Total != -1 {
		t.Errorf("a total that nobody wants is %d", page.Total)
	}
}

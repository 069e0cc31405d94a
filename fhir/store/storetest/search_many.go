package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// testMany asks for as many alternatives as a client may. The one resource that is there matches the eighth.
func testMany(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One", `"gender":"male"`, `"birthDate":"1980-05-24"`, `"identifier":[{"system":"urn:s7","value":"7"}]`,
		`"generalPractitioner":[{"reference":"Practitioner/7"}]`, `"meta":{"profile":["http://p/7"]}`), patient(t, "2", "Two"))
	day := func(i int) string { return time.Date(1980, 5, 31-i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	for _, query := range []struct{ name, value, match string }{ // value with # for the number; match instead of the eighth, where that is none
		{"identifier", "#", ""}, {"identifier", "urn:s#|#", ""}, {"identifier", "urn:s#|", ""}, {"_id", "x#", "1"}, {"family", "o#", "one"}, {"family:contains", "x#", "ne"}, {"family:exact", "#", "One"},
		{"birthdate", "@", ""}, {"birthdate", "gt9@", "1980"}, {"general-practitioner", "Practitioner/#", ""}, {"general-practitioner", "#", ""},
		{"general-practitioner", "Practitioner/#/_history/1", "Practitioner/7"}, {"general-practitioner", "http://p/#", "7"}, {"_profile", "http://p/#", ""},
		{"_profile:below", "http://p/#/x", "http://p"}, {"_profile:above", "http://p/#", ""}, {"_lastUpdated", "@", "ge2024"},
	} {
		for _, n := range []int{8, 17, 500, 1000} {
			values := make([]string, n)
			for i := range values {
				values[i] = strings.NewReplacer("#", fmt.Sprint(i), "9@", "9"+day(i)[1:], "@", day(i)).Replace(query.value)
			}
			if query.match != "" {
				values[7] = query.match
			}
			found := st.search("Patient?gender=male&" + query.name + "=" + strings.Join(values, ","))
			wantIDs(t, fmt.Sprint(n, " alternatives of ", query.name, " ", query.value), found, "1")
			if query.name != "_lastUpdated" {
				wantIDs(t, fmt.Sprint(n, " alternatives of ", query.name, " ", query.value), st.search("Patient?"+query.name+"="+strings.Join(values, ",")), "1")
			}
		}
	}
	manyQuantities(t, st)
	// Many criteria that stand beside each other.
	query := "Patient?gender=male" + strings.Repeat("&name=one&birthdate=1980&gender:not=female&active:missing=true&identifier=7", 19)
	wantIDs(t, "95 criteria", st.search(query), "1")
}

package storetest

import (
	"fmt"
	"strings"
	"testing"
)

// manyQuantities asks for as many numbers and quantities as a client may. The resource that is there matches the eighth.
func manyQuantities(t *testing.T, st *store) {
	st.putJSON(`{"resourceType":"Observation","id":"1","subject":{"reference":"Patient/1"},"valueQuantity":{"value":7,"unit":"seven","system":"http://unitsofmeasure.org","code":"mg"}}`)
	st.putJSON(`{"resourceType":"Observation","id":"2","subject":{"reference":"Patient/1"},"valueQuantity":{"value":-1,"comparator":"<"}}`)
	st.putJSON(`{"resourceType":"RiskAssessment","id":"1","subject":{"reference":"Patient/1"},"prediction":[{"probabilityDecimal":7}]}`)
	st.putJSON(`{"resourceType":"RiskAssessment","id":"2","subject":{"reference":"Patient/1"},"prediction":[{"probabilityRange":{"high":{"value":-1}}}]}`)
	for _, query := range []struct{ name, value, match string }{ // value with # for the number; match instead of the eighth, where that is none
		{"Observation?value-quantity", "#", ""}, {"Observation?value-quantity", "#|http://unitsofmeasure.org|mg", ""}, {"Observation?value-quantity", "7000|http://unitsofmeasure.org|#", "7000|http://unitsofmeasure.org|ug"},
		{"Observation?value-quantity", "#||seven", ""}, {"Observation?value-quantity", "7|urn:s#|mg", "7|http://unitsofmeasure.org|mg"}, {"Observation?value-quantity", "gt10#|http://unitsofmeasure.org|mg", "ap7||mg"},
		{"Observation?value-quantity", "gt10#", "gt-1"}, {"RiskAssessment?probability", "#", ""}, {"RiskAssessment?probability", "gt10#", "gt-1"}, {"RiskAssessment?probability", "ap10#.5", "ap7"},
	} {
		for _, n := range []int{8, 17, 1000} {
			values := make([]string, n)
			for i := range values {
				values[i] = strings.ReplaceAll(query.value, "#", fmt.Sprint(i))
			}
			if query.match != "" {
				values[7] = query.match
			}
			typ, name, _ := strings.Cut(query.name, "?")
			for _, beside := range []string{"", "subject=Patient/1&"} {
				wantIDs(t, fmt.Sprint(n, " alternatives of ", query.name, "=", query.value), st.search(typ+"?"+beside+name+"="+strings.Join(values, ",")), "1")
			}
		}
	}
}

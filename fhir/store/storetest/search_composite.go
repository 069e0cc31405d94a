package storetest

import (
	"fmt"
	"strings"
	"testing"
)

// testCompositeMany asks for many alternatives of what lies beside the plain values of parameters. The one resource that is
// there matches the eighth.
func testCompositeMany(t *testing.T, s *suite) {
	st := s.open(t)
	st.putJSON(`{"resourceType":"Observation","id":"1","meta":{"profile":["http://p/x|v7"]},"status":"final","identifier":[{"value":"7","type":{"coding":[{"system":"urn:t","code":"T7"}]}}],
		"code":{"coding":[{"system":"urn:c","code":"c7","display":"Text 7."}]},"subject":{"identifier":{"system":"urn:s7","value":"7"}},
		"valueQuantity":{"value":7,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},
		"component":[{"code":{"coding":[{"code":"d7"}]},"valueCodeableConcept":{"coding":[{"system":"urn:v7","code":"7"}]}}]}`,
		`{"resourceType":"Observation","id":"2","status":"final","code":{"text":"none"}}`)
	for _, query := range []struct{ name, value string }{ // value with # for the number
		{"code-value-quantity", "c#$#"}, {"code-value-quantity", "urn:c|c#$#|http://unitsofmeasure.org|mg"}, {"code-value-quantity", "c#$0.00#|http://unitsofmeasure.org|g"},
		{"code-value-quantity", "c#$gt6.5||mg"}, {"code-value-quantity", "c#$ne1"}, {"code-value-quantity", "c7$#"}, {"combo-code-value-quantity", "c#$#"},
		{"component-code-value-concept", "d#$7"}, {"component-code-value-concept", "d7$urn:v#|"}, {"component-code-value-concept", "|d#$urn:v#|#"},
		{"code:text", "TEXT #."}, {"identifier:of-type", "urn:t|T#|#"}, {"identifier:of-type", "urn:t|T7|#"}, {"subject:identifier", "urn:s#|#"}, {"subject:identifier", "#"},
		{"_profile", "http://p/x|v#"}, {"_profile:below", "http://p|v#"}, {"_profile:above", "http://p/x/#|v7"}, {"_profile:above", "http://p/x/#/a/b/c/d"},
	} {
		for _, n := range []int{8, 17, 500, 1000} {
			values := make([]string, n)
			for i := range values {
				values[i] = strings.ReplaceAll(query.value, "#", fmt.Sprint(i))
			}
			found := st.search("Observation?status=final&" + query.name + "=" + strings.Join(values, ","))
			wantIDs(t, fmt.Sprint(n, " alternatives of ", query.name, " ", query.value), found, "1")
		}
	}
	st.check()
}

package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// testTerminology asks for value sets that are as large as they may be, in a store that uses many of their codes, and few.
func testTerminology(t *testing.T, s *suite) {
	st := s.open(t)
	const most = 10_000
	list := func(n int, prefix string) string {
		concepts := make([]string, n)
		for i := range concepts {
			concepts[i] = fmt.Sprintf(`{"code":"%s%d"}`, prefix, i)
		}
		return strings.Join(concepts, ",")
	}
	const observations = 600
	observe := func(i int) *fhir.Resource {
		system, code := "urn:used", fmt.Sprint("c", i)
		switch i {
		case 0:
			system = "urn:seldom"
		case 1:
			code = `"<&\u2028\u0000` // to be written as JSON, and read again
		}
		return resource(t, fmt.Sprintf(`{"resourceType":"Observation","id":"%d","status":"%s","code":{"coding":[{"system":"%s","code":%s}]},"subject":{"reference":"Patient/%d"}}`,
			i, map[bool]string{true: "final", false: "amended"}[i%2 == 0], system, string(fhir.NewWriter(32).String(strings.NewReplacer(`\u2028`, "\u2028", `\u0000`, "\x00").Replace(code)).Take()), i%20))
	}
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		for i := range observations {
			if _, err := tx.Put(ctx, observe(i)); err != nil {
				return err
			}
		}
		return nil
	})
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf(`{"system":"urn:s%d","concept":[{"code":"c%d"}]}`, i, i))
	}
	st.putJSON(
		`{"resourceType":"ValueSet","id":"used","url":"urn:v:used","compose":{"include":[{"system":"urn:used","concept":[`+list(most-1, "c")+`,{"code":"\"<&\u2028\u0000"}]}]}}`,
		`{"resourceType":"ValueSet","id":"unused","url":"urn:v:unused","compose":{"include":[{"system":"urn:used","concept":[`+list(500, "x")+`]}]}}`,
		`{"resourceType":"ValueSet","id":"other","url":"urn:v:other","compose":{"include":[{"system":"urn:seldom","concept":[`+list(500, "c")+`]}]}}`,
		`{"resourceType":"ValueSet","id":"hundred","url":"urn:v:hundred","compose":{"include":[{"system":"urn:used","concept":[`+list(100, "c")+`]},{"system":"urn:seldom"}]}}`,
		`{"resourceType":"ValueSet","id":"systems","url":"urn:v:systems","compose":{"include":[{"system":"urn:used","concept":[`+list(200, "c")+`]},`+strings.Join(many, ",")+`]}}`,
	)
	of := func(want func(i int) bool) (ids []string) {
		for i := range observations {
			if want(i) {
				ids = append(ids, fmt.Sprint(i))
			}
		}
		return ids
	}
	used := func(i int) bool { return i > 0 }
	for query, want := range map[string][]string{
		"code:in=urn:v:used":                                      of(used),
		"code:in=urn:v:unused":                                    nil,
		"code:in=urn:v:other":                                     {"0"},
		"code:not-in=urn:v:used":                                  {"0"},
		"code:not-in=urn:v:unused":                                of(func(int) bool { return true }),
		"code:in=urn:v:hundred":                                   of(func(i int) bool { return i < 100 && i != 1 }),
		"code:not-in=urn:v:hundred":                               of(func(i int) bool { return i >= 100 || i == 1 }),
		"code:in=urn:v:systems":                                   of(func(i int) bool { return i > 1 && i < 200 }),
		"code:in=urn:v:used&status=final":                         of(func(i int) bool { return used(i) && i%2 == 0 }),
		"code:in=urn:v:used&status=final&subject=Patient/3":       nil,
		"code:in=urn:v:used&subject=Patient/4":                    of(func(i int) bool { return i%20 == 4 }),
		"code:in=urn:v:used&code:not-in=urn:v:hundred":            of(func(i int) bool { return used(i) && i >= 100 || i == 1 }),
		"combo-code:in=urn:v:used&combo-code:not-in=urn:v:unused": of(used),
		"code:in=urn:v:used,urn:v:used&status=amended&code:in=urn:v:hundred&_sort=-code": of(func(i int) bool { return i > 1 && i < 100 && i%2 == 1 }),
	} {
		for _, count := range []string{"", "&_count=250"} {
			wantSet(t, query+count, st.search("Observation?"+query+count), want...)
		}
	}
}

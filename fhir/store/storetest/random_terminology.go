package storetest

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// codes are what random codings have.
func codes() []string { return []string{"a", "A", "b", "final", "x|y", "1$2", `c\d`} }

// systems are code systems that are stored; random codings have others as well.
func systems() []string { return []string{"http://a.org", "http://a.org/x", "urn:oid:1.2.3"} }

// valueSets is how many value sets there are: "urn:set:0", "urn:set:1" …
const valueSets = 12

// definitions makes code systems with random hierarchies, and value sets that draw on them and on each other.
func (m *maker) definitions(t testing.TB) (list []*fhir.Resource) {
	t.Helper()
	quoted := func(s string) string { return string(fhir.NewWriter(32).String(s).Take()) }
	for i, system := range systems() {
		concepts := make([]string, len(codes()))
		for j, code := range codes() {
			concepts[j] = `{"code":` + quoted(code) + `,"property":[{"code":"parent","valueCode":` + quoted(pick(m.Rand, codes())) + `}]}`
		}
		list = append(list, resource(t, fmt.Sprintf(`{"resourceType":"CodeSystem","id":"terms-%d","url":"%s","content":"complete","concept":[%s]}`, i, system, strings.Join(concepts, ","))))
	}
	for i := range valueSets {
		part := func() string {
			switch m.IntN(5) {
			case 0:
				return `{"system":` + quoted(pick(m.Rand, append(systems(), m.uri()))) + `}`
			case 1:
				return `{"system":` + quoted(pick(m.Rand, systems())) + `,"filter":[{"property":"concept","op":"` + pick(m.Rand, []string{"is-a", "is-not-a", "generalizes"}) + `","value":` + quoted(pick(m.Rand, codes())) + `}]}`
			case 2:
				return fmt.Sprintf(`{"valueSet":["urn:set:%d"]}`, m.IntN(valueSets))
			}
			list := []string{quoted(pick(m.Rand, codes()))}
			for range pick(m.Rand, []int{0, 3, 100, 300}) {
				list = append(list, quoted(fmt.Sprint(m.IntN(1000))))
			}
			return `{"system":` + quoted(pick(m.Rand, append(systems(), m.uri()))) + `,"concept":[{"code":` + strings.Join(list, `},{"code":`) + `}]}`
		}
		compose := `"include":[` + part() + "," + part() + `]`
		if m.IntN(2) == 0 {
			compose += `,"exclude":[` + part() + `]`
		}
		list = append(list, resource(t, fmt.Sprintf(`{"resourceType":"ValueSet","id":"terms-%d","url":"urn:set:%d","compose":{%s}}`, i, i, compose)))
	}
	return list
}

// terms makes a value for :in, :not-in, :below and :above.
func (a *asker) terms(p *search.Param, modifier string) string {
	if modifier == "in" || modifier == "not-in" {
		return fmt.Sprint("urn:set:", a.IntN(valueSets))
	}
	code := pick(a.Rand, codes())
	if v := a.anyValues(p.Resource); v != nil && a.IntN(2) == 0 {
		if found := of(v.Tokens, func(t *search.TokenValue) *search.Slot { return t.Slot }, p); len(found) > 0 {
			code = pick(a.Rand, found).Code
		}
	}
	return escaped(pick(a.Rand, systems())) + "|" + escaped(code)
}

// answerable reports whether what a query asks of terminology can be told.
func (a *asker) answerable(t testing.TB, q *search.Query) bool {
	_, err := searchtest.Resolve(t.Context(), a.params, a.known.Reader(), q)
	if code := fhir.CodeOf(err); code != "" && code != fhir.NotSupported {
		t.Fatal(err)
	}
	return err == nil
}

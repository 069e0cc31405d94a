package storetest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// testScripts runs search/testdata/*.search.
// testScripts runs all scripts, which have to use every kind of parameter with every modifier and prefix.
func testScripts(t *testing.T, s *suite) {
	for _, use := range searchtest.Uncovered(s.params, searchtest.Scripts(t)) {
		t.Errorf("no script of search/testdata finds anything with %s", use)
	}
	searchtest.Run(t, s.params, searchtest.Scripts(t), func(t testing.TB, now func() time.Time) searchtest.Subject {
		st := s.engine.Open(t, Options{Place: t.TempDir(), Params: s.params, Now: now})
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		return searchtest.OnStore{Store: st, Params: s.params}
	})
}

func testSearchEmpty(t *testing.T, s *suite) {
	st := s.open(t)
	look := func() {
		for _, url := range []string{"Patient?", "Patient?name=x", "Patient?_id=x", "Patient?_lastUpdated=2024", "Patient?gender:not=male", "Patient?birthdate:missing=true",
			"Patient?_sort=-name", "Patient?_sort=_lastUpdated,_id", "Observation?subject=Patient/1&code=x&_sort=date"} {
			q := s.parse(t, url+"&_total=accurate")
			if page := st.searchPage(q); len(page.Resources) != 0 || page.Next != "" || page.Total != 0 {
				t.Errorf("%s finds %d of %d", url, len(page.Resources), page.Total)
			}
		}
	}
	look()
	st.put(patient(t, "1", "One"))
	st.delete("Patient/1")
	look()
	if page := st.searchPage(s.parse(t, "Patient?")); page.Total != -1 {
		t.Errorf("a total that nobody asked for is %d", page.Total)
	}
}

// testIndexUpkeep changes resources and checks that what is found changes with them.
func testIndexUpkeep(t *testing.T, s *suite) {
	st := s.open(t)
	text := func(v string) string {
		return `{"resourceType":"Observation","id":"1","status":"` + v + `","code":{"coding":[{"system":"urn:` + v + `","code":"` + v + `"}]},"subject":{"reference":"Patient/` + v +
			`"},"valueString":"` + v + `","effectiveDateTime":"` + map[string]string{"final": "2001", "amended": "2002", "entered-in-error": "2003"}[v] + `","meta":{"profile":["http://` + v + `"]}}`
	}
	found := func(v string) map[string]bool {
		year := map[string]string{"final": "2001", "amended": "2002", "entered-in-error": "2003"}[v]
		result := make(map[string]bool)
		for _, query := range []string{"status=" + v, "code=urn:" + v + "|" + v, "code=urn:" + v + "|", "subject=Patient/" + v, "patient=" + v, "value-string=" + v, "value-string:exact=" + v,
			"date=" + year, "_profile=http://" + v} {
			result[query] = len(st.search("Observation?"+query)) == 1
		}
		return result
	}
	want := func(when, v string, there bool) {
		t.Helper()
		for query, got := range found(v) {
			if got != there {
				t.Errorf("%s: %s finds it: %v, want %v", when, query, got, there)
			}
		}
	}
	st.putJSON(text("final"))
	want("created", "final", true)
	st.putJSON(text("amended"))
	want("updated", "final", false)
	want("updated", "amended", true)
	st.putJSON(text("amended"))
	want("updated with the same", "amended", true)
	st.delete("Observation/1")
	want("deleted", "amended", false)
	st.putJSON(text("entered-in-error"))
	want("created again", "entered-in-error", true)
	want("created again", "amended", false)
	// A value that stands twice, and then once, is still there.
	double := `{"resourceType":"Patient","id":"1","name":[{"family":"Fox"},{"family":"Fox"}],"address":[{"city":"Ulm","text":"Ulm"}]`
	st.putJSON(double + `}`)
	st.putJSON(`{"resourceType":"Patient","id":"1","name":[{"family":"Fox"}],"address":[{"text":"Ulm"}]}`)
	wantIDs(t, "said twice, then once", st.search("Patient?family=fox&address=ulm"), "1")
	wantIDs(t, "said twice, then once", st.search("Patient?address-city=ulm"))
	st.check()
}

// testOdd looks for values that mean something to a query language.
func testOdd(t *testing.T, s *suite) {
	st := s.open(t)
	odd := []string{
		`'`, `''`, `"`, `\`, `\\`, `%`, `_`, `*`, `?`, `$`, `,`, `|`, `;`, `--`, `/* */`, `')`, `' OR '1'='1`, `"; DROP TABLE version; --`, `{"$ne":null}`, `$where`, `a.b`, `^a.*$`, `[a-z]`,
		"\t", "\n", "\u00a0", "\u200b", "\u2028", "\ufeff", "é", "e\u0301", "ﬁ", "İ", "ı", "ß", "ẞ", "Ω", "Å", "日本語", "العربية", "🏥", "👩\u200d⚕️", "\U0010ffff", "\ufffd", "\x7f", "a\u0000b",
		" ", " a", "a ", "NULL", "nil", "0", "-0", "1e5", "true", strings.Repeat("x", 5000),
	}
	matcher := searchtest.NewMatcher(s.params, st.clock.Now)
	for i, text := range odd {
		w := fhir.NewWriter(64)
		id := fmt.Sprint("o", i)
		w.Object()
		w.Name("resourceType").String("Patient")
		w.Name("id").String(id)
		w.Name("identifier").Array().Object().Name("system").String("urn:" + text).Name("value").String(text)
		w.EndObject().EndArray()
		w.Name("name").Array().Object().Name("family").String(text).EndObject().EndArray()
		w.Name("generalPractitioner").Array().Object().Name("reference").String("urn:x:" + text).EndObject().EndArray()
		w.Name("meta").Object().Name("profile").Array().String("http://" + text).EndArray().EndObject().EndObject()
		r := resource(t, string(fhir.FromWriter("Patient", id, w).Body()))
		st.put(r)
		if err := matcher.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
	for _, text := range odd {
		v := escape.Replace(text)
		for _, p := range []fhir.Param{
			{Name: "identifier", Value: v}, {Name: "identifier", Value: "urn:" + v + "|" + v}, {Name: "identifier", Value: "urn:" + v + "|"}, {Name: "identifier:not", Value: v},
			{Name: "family", Value: v}, {Name: "family:exact", Value: v}, {Name: "family:contains", Value: v}, {Name: "general-practitioner", Value: "urn:x:" + v},
			{Name: "_profile", Value: "http://" + v}, {Name: "_profile:below", Value: "http://" + v}, {Name: "_profile:above", Value: "http://" + v + "/x"}, {Name: "_id", Value: v},
		} {
			q, _, err := s.params.Parse("Patient", fhir.Params{p}, search.Options{Strict: true, Count: search.MaxCount})
			if err != nil {
				continue // not a value of this parameter
			}
			page, _ := matcher.Search(t.Context(), q)
			wantSet(t, fmt.Sprintf("%s=%.100s (%s)", p.Name, text, url.QueryEscape(p.Value)), st.searchQuery(q), idsOf(page.Resources)...)
		}
	}
	if len(st.search("Patient?_sort=family")) != len(odd) {
		t.Error("sorting loses odd texts")
	}
	q := s.parse(t, "Patient?_sort=-family,_id&_count=7")
	wantSet(t, "sorted in pages", st.searchQuery(q), idsOf(func() []*fhir.Resource { p, _ := matcher.Search(context.Background(), q); return p.Resources }())...)
	st.check()
}

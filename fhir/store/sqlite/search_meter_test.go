package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/search"
)

// TestSearchLimit: searches that look at more than is allowed fail, whether that can be told beforehand or not, and wherever
// the rows are; others do not notice.
func TestSearchLimit(t *testing.T) {
	p := params(t)
	s := open(t, sqlite.Options{Dir: t.TempDir(), Params: p, SearchLimit: 20, Unsafe: true})
	for i := range 50 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"%s","birthDate":"19%d"}`, i, []string{"male", "female"}[i%2], 50+i),
			fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"Code %d"},"subject":{"reference":"Patient/p%d"}}`, i, i%5, i))
	}
	run := func(query string) (page *fhir.SearchPage, err error) {
		typ, rest, _ := strings.Cut(query, "?")
		ps, err := fhir.ParseParams(rest)
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := p.Parse(typ, ps, search.Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(t.Context(), func(tx fhir.Tx) error {
			page, err = tx.Search(t.Context(), q)
			return err
		})
		return page, err
	}
	for query, want := range map[string]string{
		"Patient?_count=10":                                    "10",
		"Patient?gender=male&_count=10":                        "10",
		"Patient?_sort=-_lastUpdated&_count=10":                "10",
		"Patient?birthdate=1955":                               "1",
		"Patient?_id=p1,p2,p3&_total=accurate":                 "3",
		"Patient?_sort=birthdate,family":                       "every resource of the type",
		"Patient?_summary=count":                               "every resource of the type",
		"Patient?gender=male&_sort=birthdate,family":           "has looked at more",
		"Patient?gender=male&_summary=count":                   "has looked at more",
		"Patient?gender=male,female&_count=30":                 "has looked at more",
		"Patient?birthdate=ge1990&gender=male&_count=10":       "has looked at more", // the last five of fifty
		"Observation?subject:Patient.birthdate=1955":           "1",
		"Observation?subject:Patient.gender=male&_total=none":  "",
		"Patient?_has:Observation:subject:status=final":        "",
		"?_type=Patient,Observation&_count=5":                  "5",
		"?_type=Patient,Observation&_summary=count":            "every resource of the type",
		"Patient?birthdate:missing=false&gender:not=male":      "",
		"Observation?status=final&subject:Patient.gender=male": "",
	} {
		page, err := run(query)
		switch {
		case err != nil && fhir.CodeOf(err) != fhir.TooCostly:
			t.Errorf("%s: %v", query, err)
		case want == "": // either will do, as long as it is one of them
		case err != nil && !strings.Contains(err.Error(), want), err == nil && fmt.Sprint(len(page.Resources)) != want:
			t.Errorf("%s: %v, %v; want %s", query, page, err, want)
		}
	}
	// The connection is as good as before.
	if page, err := run("Patient?gender=male&_count=10"); err != nil || len(page.Resources) != 10 {
		t.Errorf("afterwards: %v, %v", page, err)
	}
}

// TestExplain checks what is said of plans; what SQLite does TestPlans checks.
func TestExplain(t *testing.T) {
	p := params(t)
	s := open(t, sqlite.Options{Dir: t.TempDir(), Params: p, Unsafe: true})
	for i := range 200 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"%s","birthDate":"19%d"}`, i, []string{"male", "female"}[i%2], 10+i%80))
	}
	for _, test := range []struct {
		query, want string
		found       int
		examined    int64 // at most
	}{
		{"_count=7", "driver:[]-1 | order:[]-1", 7, 10},
		{"gender=male&_count=7", "driver:gender=…[index by parameter, code]100 | order:[]-1", 7, 10},
		{"birthdate=1950&gender=male", "driver:birthdate=…[index by parameter, value >, value <]2 | test:gender=…[index by parameter, code, resource]-1 | order:[]-1", 2, 2},
		{"_sort=-_lastUpdated&_count=5", "driver:[]-1 | order:-_lastUpdated[]-1", 5, 8},
		{"gender:not=male&_count=5&_sort=gender", "driver:[]-1 | test:gender:not=…[index by parameter, code, resource]-1 | order:gender[]-1", 5, 200},
		{"_id=p1", "driver:_id=…[index by type, resource id; index by resource]1 | order:[]-1", 1, 1},
	} {
		ps, err := fhir.ParseParams(test.query)
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := p.Parse("Patient", ps, search.Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		var e *fhir.Explanation
		if err := s.View(t.Context(), func(tx fhir.Tx) error {
			e, err = tx.(fhir.Explainer).Explain(t.Context(), q)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, step := range e.Parts[0].Steps {
			parts = append(parts, fmt.Sprintf("%s:%s[%s]%d", step.Role, step.Criterion, strings.Join(step.Uses, "; "), step.Rows))
			if step.How == "" {
				t.Errorf("%s: %s says nothing", test.query, step.Role)
			}
		}
		if got := strings.Join(parts, " | "); got != test.want || e.Found != test.found || e.Examined < int64(test.found) || e.Examined > test.examined {
			t.Errorf("%s: %d found, %d examined:\n%s\nwant\n%s", test.query, e.Found, e.Examined, got, test.want)
		}
	}
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.(fhir.Explainer).Explain(t.Context(), &search.Query{Type: "Patient"})
		return err
	}); fhir.CodeOf(err) != fhir.NotSupported {
		t.Errorf("within an update: %v", err)
	}
}

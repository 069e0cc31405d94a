package mongo_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/mongo"
	"andiron.dev/search"
)

// filled is a store with limits that holds some patients, and an observation of each.
func filled(t *testing.T, limit int64, patients int) (*mongo.Store, *search.Params) {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	p := search.NewParams(spec, nil)
	uri := started(t)
	database := "andiron_test_" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "_"))
	s, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Database: database, Params: p, SearchLimit: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		mongo.Drop(t, uri, database)
	})
	err = s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		for i := range patients {
			for _, body := range []string{
				fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"%s","birthDate":"19%02d","identifier":[{"system":"urn:even","value":"%d"}]}`, i, []string{"male", "female"}[i%2], (50+i)%100, i%2),
				fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"Code %d"},"subject":{"reference":"Patient/p%d"}}`, i, i%5, i),
			} {
				r, err := fhir.ParseResource(body, fhir.Limits{})
				if err != nil {
					return err
				}
				if _, err := tx.Put(t.Context(), r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func parsed(t *testing.T, p *search.Params, query string) *search.Query {
	t.Helper()
	typ, rest, _ := strings.Cut(query, "?")
	ps, err := fhir.ParseParams(rest)
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := p.Parse(typ, ps, search.Options{Strict: true})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q
}

// TestSearchLimit: searches that look at more than is allowed fail, whether that can be told beforehand or not, and wherever
// the rows are; others do not notice.
func TestSearchLimit(t *testing.T) {
	s, p := filled(t, 20, 50)
	run := func(q *search.Query) (page *fhir.SearchPage, err error) {
		err = s.View(t.Context(), func(tx fhir.Tx) error {
			page, err = tx.Search(t.Context(), q)
			return err
		})
		return page, err
	}
	for query, want := range map[string]string{
		"Patient?_count=10":                                           "10",
		"Patient?gender=female&_count=8":                              "8",
		"Patient?identifier=urn:even|1&_count=15":                     "15", // walked in the order of the index
		"Patient?identifier=urn:even|1&_count=20":                     "has looked at more",
		"Patient?_sort=-_lastUpdated&_count=10":                       "10",
		"Patient?_sort=_id&_count=19":                                 "19",
		"Patient?_sort=-_lastUpdated&_count=20":                       "has looked at more",
		"Patient?birthdate=1955":                                      "1",
		"Patient?_id=p1,p2,p3&_total=accurate":                        "3",
		"Patient?_sort=birthdate,family":                              "every resource of the type",
		"Patient?_summary=count":                                      "every resource of the type",
		"Patient?gender:not=male&_summary=count":                      "every resource of the type",
		"Patient?gender=male&_sort=birthdate,family":                  "has looked at more",
		"Patient?gender=male&_summary=count":                          "has looked at more",
		"Patient?gender=male,female&_count=30":                        "has looked at more",
		"Patient?birthdate=ge1990&gender=male&_count=10":              "has looked at more", // the last five of fifty
		"Patient?birthdate=1955&gender=female&_total=accurate":        "1",
		"Patient?birthdate=1955,1956,1957&_sort=birthdate":            "3",
		"Patient?gender=male&_total=estimate&_count=1":                "has looked at more", // a sample is more than that
		"Observation?subject:Patient.birthdate=1955":                  "1",
		"Observation?subject:Patient.gender=male&_total=none":         "has looked at more",
		"Observation?subject=Patient/p1,Patient/p2&_total=accurate":   "2",
		"Patient?_has:Observation:subject:status=final":               "has looked at more",
		"Patient?_has:Observation:subject:_id=o1,o2,o3":               "3",
		"?_type=Patient,Observation&_count=5":                         "5",
		"?_type=Patient,Observation&_summary=count":                   "every resource of the type",
		"Patient?birthdate:missing=false&gender:not=male&_count=30":   "has looked at more",
		"Observation?status=final&subject:Patient.gender=male":        "has looked at more",
		"Patient?identifier=urn:even|1&birthdate=1955,1956&_count=20": "1",
	} {
		page, err := run(parsed(t, p, query))
		switch {
		case err != nil && fhir.CodeOf(err) != fhir.TooCostly:
			t.Errorf("%s: %v", query, err)
		case err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "at most 20 resources")), err == nil && fmt.Sprint(len(page.Resources)) != want:
			t.Errorf("%s: %v, %v; want %s", query, page, err, want)
		}
	}
	// A page is not more expensive for what lies before it.
	for _, query := range []string{"Patient?_count=10", "Patient?gender=male&_count=5", "Patient?identifier=urn:even|0&_count=5", "Patient?_sort=-_lastUpdated&_count=10", "Patient?_sort=_id&_count=10"} {
		q, seen := parsed(t, p, query), make(map[string]bool)
		for q.After = ""; ; {
			page, err := run(q)
			if err != nil {
				t.Errorf("%s after %d: %v", query, len(seen), err)
				break
			}
			for _, r := range page.Resources {
				if seen[r.ID()] {
					t.Errorf("%s: %s twice", query, r.ID())
				}
				seen[r.ID()] = true
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if want := 50 / (1 + strings.Count(query, "gender=") + strings.Count(query, "identifier=")); len(seen) != want {
			t.Errorf("%s: %d on all pages, not %d", query, len(seen), want)
		}
	}
}

// TestExplain checks what is said of plans. Names of indexes are those of DESIGN.md.
func TestExplain(t *testing.T) {
	s, p := filled(t, 0, 200)
	for _, test := range []struct {
		query, want string
		found       int
		examined    int64 // at most
	}{
		{"Patient?_count=7", "driver:[created]-1 | order:[]-1", 7, 16},
		{"Patient?identifier=urn:even|1&_count=7", "driver:identifier=…[value]100 | order:[]-1", 7, 16},
		{"Patient?birthdate=1950&gender=male", "driver:birthdate=…[value]2 | test:gender=…[]-1 | order:[]-1", 2, 6},
		{"Patient?_sort=-_lastUpdated&_count=5", "driver:[updated]-1 | order:-_lastUpdated[]-1", 5, 12},
		{"Patient?gender:not=male&_count=5&_sort=gender", "driver:[]-1 | test:gender:not=…[]-1 | order:gender[]-1", 5, 200},
		{"Patient?_id=p1", "driver:_id=…[_id_]1 | order:[]-1", 1, 2},
		{"Patient?gender=male&_summary=count", "driver:gender=…[value]100 | order:[]-1", 0, 200},
		{"Observation?subject:Patient.birthdate=1950", "driver:subject:Patient.birthdate=…[value]2 | order:[]-1", 2, 8},
		{"Patient?_text=nothing&gender=male", "driver:_text=…[word]0 | test:gender=…[]-1 | order:[]-1", 0, 0},
	} {
		q := parsed(t, p, test.query)
		var e *fhir.Explanation
		if err := s.View(t.Context(), func(tx fhir.Tx) (err error) {
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
	across := parsed(t, p, "?_type=Patient,Observation&_count=250&_total=accurate")
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		e, err := tx.(fhir.Explainer).Explain(t.Context(), across)
		if err == nil && (len(e.Parts) != 2 || e.Parts[0].Type != "Observation" || e.Total != 400 || e.Found != 250) {
			t.Errorf("across types: %+v", e)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.(fhir.Explainer).Explain(t.Context(), &search.Query{Type: "Patient"})
		return err
	}); fhir.CodeOf(err) != fhir.NotSupported {
		t.Errorf("within an update: %v", err)
	}
	// One that has to run within the transaction.
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"new"}`, fhir.Limits{})
		if err != nil {
			return err
		}
		if _, err := tx.Put(t.Context(), r); err != nil {
			return err
		}
		if _, err := tx.Read(t.Context(), "Patient", "new"); err != nil {
			return err
		}
		_, err = tx.(fhir.Explainer).Explain(t.Context(), &search.Query{Type: "Patient"})
		return err
	}); fhir.CodeOf(err) != fhir.NotSupported {
		t.Errorf("within a transaction: %v", err)
	}
}

package search_test

import (
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// highRisk is a query as a domain module would define it: patients of an organization who are born before a date.
func highRisk(p *search.Params) search.NamedQuery {
	return search.NamedQuery{
		Name: "high-risk", Type: "Patient",
		Params: []search.NamedParam{{Name: "ward", Min: 1, Max: 1}, {Name: "born-before", Max: 2}},
		Where: func(a search.Arguments) (search.Expr, error) {
			where := fhir.Params{{Name: "organization", Value: a.Params.Get("ward")}}
			for _, param := range a.Params {
				if param.Name == "born-before" {
					where = append(where, fhir.Param{Name: "birthdate", Value: "lt" + param.Value})
				}
			}
			o := a.Options
			o.Strict = true
			q, _, err := p.Parse("Patient", where, o)
			if err != nil {
				return nil, err
			}
			return q.Where, nil
		},
	}
}

func TestNamedQuery(t *testing.T) {
	p := newParams(t)
	if err := p.AddQuery(highRisk(p)); err != nil {
		t.Fatal(err)
	}
	m := searchtest.NewMatcher(p, time.Now)
	for id, rest := range map[string]string{
		"a": `"birthDate":"1930","managingOrganization":{"reference":"Organization/1"},"gender":"male"`,
		"b": `"birthDate":"1980","managingOrganization":{"reference":"Organization/1"},"gender":"male"`,
		"c": `"birthDate":"1930","managingOrganization":{"reference":"Organization/2"},"gender":"male"`,
		"d": `"birthDate":"1931","managingOrganization":{"reference":"Organization/1"},"gender":"female"`,
	} {
		r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"`+id+`",`+rest+`}`, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int{
		"_query=high-risk&ward=Organization/1":                                          3,
		"ward=Organization/1&_query=high-risk&born-before=1950":                         2,
		"_query=high-risk&ward=Organization/1&born-before=1950&gender=female":           1,
		"_query=high-risk&ward=Organization/1&born-before=1950&born-before=1931&_sort=": 1,
		"_query=high-risk&ward=Organization/9":                                          0,
	} {
		q, _, err := parse(t, p, "Patient?"+query, search.Options{})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if page, err := m.Search(t.Context(), q); err != nil || page.Total != want {
			t.Errorf("%s finds %d (%v), want %d", query, page.Total, err, want)
		}
		again, warnings, err := parse(t, p, q.String(), search.Options{Strict: true})
		if err != nil || len(warnings) > 0 || again.String() != q.String() {
			t.Errorf("%s became %v (%v)", q, again, err)
		}
		if said := q.Honoured().Encode(); !strings.Contains(said, "_query=high-risk") || !strings.Contains(said, "ward=Organization") {
			t.Errorf("%s: the self link says %s", query, said)
		}
	}
	for query, want := range map[string]fhir.IssueType{
		"Patient?_query=nosuch":                                              fhir.NotSupported,
		"Observation?_query=high-risk&ward=Organization/1":                   fhir.NotSupported,
		"?_query=high-risk&ward=Organization/1":                              fhir.NotSupported,
		"Patient?_query=high-risk":                                           fhir.Required,
		"Patient?_query=high-risk&ward=":                                     fhir.Invalid,
		"Patient?_query=high-risk&ward=a&ward=b":                             fhir.Invalid,
		"Patient?_query=high-risk&ward=a&born-before=yesterday":              fhir.Invalid,
		"Patient?_query=high-risk&_query=high-risk&ward=Organization/1":      fhir.Invalid,
		"Patient?_query=":                                                    fhir.NotSupported,
		"Observation?subject:Patient._query=high-risk&ward=Organization%2F1": fhir.NotSupported,
	} {
		if _, _, err := parse(t, p, query, search.Options{}); fhir.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	if _, _, err := parse(t, p, "Patient?ward=Organization/1", search.Options{Strict: true}); fhir.CodeOf(err) != fhir.NotSupported {
		t.Errorf("a parameter of a query that is not asked for: %v", err)
	}
}

func TestAddQueryRefuses(t *testing.T) {
	p := newParams(t)
	if err := p.AddQuery(highRisk(p)); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*search.NamedQuery){
		"two queries named":         func(*search.NamedQuery) {},
		"cannot be the name of a q": func(q *search.NamedQuery) { q.Name = "high risk" },
		"no resource type":          func(q *search.NamedQuery) { q.Type = "Patients" },
		"asks for nothing":          func(q *search.NamedQuery) { q.Name, q.Where = "x", nil },
		"has already":               func(q *search.NamedQuery) { q.Name, q.Params[0].Name = "x", "gender" },
		"two parameters":            func(q *search.NamedQuery) { q.Name, q.Params[0].Name = "x", "born-before" },
		"cannot be the name of a p": func(q *search.NamedQuery) { q.Name, q.Params[0].Name = "x", "_count" },
	} {
		q := highRisk(p)
		change(&q)
		if err := p.AddQuery(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
}

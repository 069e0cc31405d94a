package search_test

import (
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

func restricting(t *testing.T) (*search.Params, func(query string) *search.Query) {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	return params, func(query string) *search.Query {
		t.Helper()
		typ, rest, _ := strings.Cut(query, "?")
		list, err := fhir.ParseParams(rest)
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := params.Parse(typ, list, search.Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
}

// TestRestrict: bounds stand wherever a search looks at resources, and refuse it where it must not look.
func TestRestrict(t *testing.T) {
	_, parse := restricting(t)
	bounds := &search.Bounds{
		Of: func(typ string) (search.Expr, error) {
			switch typ {
			case "Group", "Organization":
				return nil, fhir.Errorf(fhir.Forbidden, "%s is closed", typ)
			case "Practitioner":
				return nil, nil
			}
			return parse(typ + "?_id=open-" + typ).Where[0], nil
		},
		List:      func(id string) (bool, error) { return id == "mine", nil },
		Hierarchy: func(h *search.Hierarchy) (search.Expr, error) { return h.At("Location", []string{"walked"}), nil },
	}
	for query, want := range map[string]string{
		"Observation?code=x":                                                   "code=x&_id=open-Observation",
		"Observation?subject:Patient.name=x":                                   "subject:Patient.name=x&_id=open-Patient&_id=open-Observation",
		"Observation?performer:Practitioner.name=x":                            "performer:Practitioner.name=x&_id=open-Observation",
		"Observation?subject:Patient.general-practitioner:Practitioner.name=x": "subject:Patient.general-practitioner:Practitioner.name=x&_id=open-Patient&_id=open-Observation",
		"Patient?_has:Observation:subject:code=x":                              "_has:Observation:subject:code=x&_id=open-Observation&_id=open-Patient",
		"Patient?_has:Observation:subject:_has:Provenance:target:agent=x":      "_has:Observation:subject:_has:Provenance:target:agent=x&_id=open-Provenance&_id=open-Observation&_id=open-Patient",
		"Observation?_list=mine,yours":                                         "_list=mine,yours&_id=open-Observation",
		"Encounter?location:below=Location/1":                                  "location=Location/walked&_id=open-Encounter",
		"Practitioner?name=x":                                                  "name=x",
		"Patient?_has:Group:member:type=x":                                     "forbidden",
		"Observation?subject:Group.type=x":                                     "forbidden",
		"Observation?subject:Patient.organization:Organization.name=x":         "forbidden",
		"Group?type=x": "forbidden",
	} {
		q, err := parse(query).Restrict(bounds)
		got := string(fhir.CodeOf(err))
		if err == nil {
			got = q.Where.String()
		}
		if got != want {
			t.Errorf("%s: %q instead of %q", query, got, want)
		}
	}
	// A chain that names no type goes without what is closed.
	q, err := parse("Observation?subject.identifier=x").Restrict(bounds)
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range q.Where[0].(*search.Chain).Links {
		if link.Type == "Group" || !strings.Contains(link.Where.String(), "_id=open-"+link.Type) {
			t.Errorf("a chain leads to %s: %s", link.Type, link.Where)
		}
	}
	lists, err := parse("Observation?_list=mine,yours").Restrict(bounds)
	if err != nil || !slices.Equal(lists.Where[0].(*search.InList).Lists, []string{"mine"}) {
		t.Errorf("a closed List is looked into: %v", err)
	}
	// Across types those that are closed are left out, unless they are named.
	across, err := parse("?_type=Patient,Practitioner").Restrict(bounds)
	if err != nil || len(across.Parts) != 2 || across.Parts[0].Where.String() != "_id=open-Patient" {
		t.Errorf("%v %v", across, err)
	}
	if _, err := parse("?_type=Patient,Group").Restrict(bounds); fhir.CodeOf(err) != fhir.Forbidden {
		t.Errorf("a closed type that is named: %v", err)
	}
	all, err := parse("?_lastUpdated=gt2000").Restrict(bounds)
	if err != nil || slices.ContainsFunc(all.Parts, func(p search.Part) bool { return p.Type == "Group" }) {
		t.Errorf("a search of all types holds a closed one: %v", err)
	}
}

// TestMatcher: what computes no more than is asked about decides as what computes everything.
func TestMatcher(t *testing.T) {
	params, parse := restricting(t)
	r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"o","meta":{"security":[{"system":"s","code":"R"}]},"status":"final",
		"category":[{"coding":[{"code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"1234-5"}]},"subject":{"reference":"Patient/a"},
		"effectiveDateTime":"2024-05-01","valueQuantity":{"value":5,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	all := params.Values(r)
	yes, no := 0, 0
	for _, query := range []string{
		"code=1234-5", "code=0", "code:not=0", "code:not=1234-5", "category=laboratory&subject=Patient/a", "subject=Patient/b", "patient=a", "date=2024", "date=ge2025", "_security=s|R", "_security=N",
		"_id=o", "_id=p", "value-quantity=5", "value-quantity=gt6", "code-value-quantity=1234-5$5", "code-value-quantity=1234-5$6", "encounter:missing=true", "subject:missing=true",
		"_filter=code eq 1234-5 or status eq amended", "_filter=not (status eq final)", "status:not=final",
	} {
		q := parse("Observation?" + strings.ReplaceAll(query, " ", "%20"))
		want := search.Match(q.Where, r, all, nil)
		if got := params.Matcher("Observation", q.Where).Match(r, nil); got != want {
			t.Errorf("%s: %v instead of %v", query, got, want)
		}
		if want {
			yes++
		} else {
			no++
		}
	}
	if yes < 8 || no < 8 {
		t.Errorf("%d match, %d do not", yes, no)
	}
	if params.Matcher("Patient", search.And{}).Match(r, nil) {
		t.Error("an Observation is a Patient")
	}
}

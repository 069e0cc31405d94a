package search_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

func newParams(t testing.TB) *search.Params {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return search.NewParams(spec, units)
}

func parse(t testing.TB, p *search.Params, query string, o search.Options) (*search.Query, []fhir.Issue, error) {
	t.Helper()
	typ, rest, _ := strings.Cut(query, "?")
	params, err := fhir.ParseParams(rest)
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(typ, params, o)
}

func TestParseGivesTheQueryBack(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string]string{
		"Patient":                                                                           "Patient?_count=20",
		"Patient?name=Ann":                                                                  "Patient?name=Ann&_count=20",
		"Patient?name:exact=a,b&gender:not=male":                                            "Patient?name:exact=a,b&gender:not=male&_count=20",
		"Patient?identifier=urn:a%7C1,%7C2,urn:b%7C":                                        "Patient?identifier=urn:a|1,|2,urn:b|&_count=20",
		`Patient?identifier=a\,b\|c\$d\\e`:                                                  `Patient?identifier=a%5C,b%5C|c%5C$d%5C%5Ce&_count=20`,
		"Patient?birthdate=ge2000-01&birthdate=lt2001":                                      "Patient?birthdate=ge2000-01&birthdate=lt2001&_count=20",
		"Patient?_id=a,b&_lastUpdated=gt2020":                                               "Patient?_id=a,b&_lastUpdated=gt2020&_count=20",
		"Patient?name:missing=true":                                                         "Patient?name:missing=true&_count=20",
		"Observation?subject:Patient=1":                                                     "Observation?subject:Patient=1&_count=20",
		"Observation?patient=Patient/1,http://x/fhir/Patient/2":                             "Observation?patient=Patient/1,http://x/fhir/Patient/2&_count=20",
		"ValueSet?url:below=http://a/b%20c":                                                 "ValueSet?url:below=http://a/b%20c&_count=20",
		"Patient?_sort=-birthdate,_id&_count=5&_total=accurate":                             "Patient?_sort=-birthdate,_id&_total=accurate&_count=5",
		"Observation?_include=Observation:subject:Patient&_include=*":                       "Observation?_include=Observation:subject:Patient&_include=Observation:*&_count=20",
		"Patient?_revinclude=Observation:patient":                                           "Patient?_revinclude=Observation:patient&_count=20",
		"Observation?component-code-value-quantity=http://loinc.org%7C8480-6%24lt60,a$5||b": "Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60,a$5||b&_count=20",
		"Patient?identifier:of-type=a|b|c&identifier:text=x%20y":                            "Patient?identifier:of-type=a|b|c&identifier:text=x%20y&_count=20",
		"Observation?subject:identifier=urn:mrn|1,|2&_profile=http://a|1":                   "Observation?subject:identifier=urn:mrn|1,|2&_profile=http://a|1&_count=20",
		"Patient?_summary=count":                                                            "Patient?_total=accurate&_count=0",
		"Patient?_count=0":                                                                  "Patient?_total=accurate&_count=0",
		"Patient?_count=5000":                                                               "Patient?_count=1000",
		"Patient?_format=json&_pretty=true&_elements=name":                                  "Patient?_elements=name&_count=20",
	} {
		q, warnings, err := parse(t, p, query, search.Options{})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", query, warnings, err)
			continue
		}
		got := strings.ReplaceAll(q.String(), "+", "%20")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
		again, _, err := parse(t, p, q.String(), search.Options{})
		if err != nil || again.String() != q.String() {
			t.Errorf("%s: parsed again %v (%v)", query, again, err)
		}
	}
}

func TestParseRefusesWhatWouldWidenTheResult(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string]fhir.IssueType{
		"Patient?birthdate=yesterday":                      fhir.Invalid,
		"Patient?birthdate=2024-02-30":                     fhir.Invalid,
		"Patient?birthdate=xx2024":                         fhir.Invalid,
		"Patient?name:bogus=x":                             fhir.NotSupported,
		"Patient?birthdate:exact=2024":                     fhir.NotSupported,
		"Patient?gender:contains=m":                        fhir.NotSupported,
		"Patient?_id:not=1":                                fhir.NotSupported,
		"Patient?name:missing=maybe":                       fhir.Invalid,
		"Patient?name=a,,b":                                fhir.Invalid,
		"Patient?identifier=%7C":                           fhir.Invalid,
		"Patient?identifier=a%7Cb%7Cc":                     fhir.Invalid,
		"Patient?_count=-1":                                fhir.Invalid,
		"Patient?_count=x":                                 fhir.Invalid,
		"Patient?_total=some":                              fhir.Invalid,
		"Observation?subject:Patient=Device/1":             fhir.Invalid,
		"Patient?name=" + strings.Repeat("x,", 2000) + "x": fhir.TooCostly,
	} {
		if _, _, err := parse(t, p, query, search.Options{}); fhir.CodeOf(err) != want {
			t.Errorf("%.80s: got %v, want %s", query, err, want)
		}
	}
}

func TestParseIgnoresWithAWarningUnlessStrict(t *testing.T) {
	p := newParams(t)
	for _, query := range []string{"Patient?bogus=1", "Patient?name=", "Patient?_sort=bogus", "Patient?_include=Patient:bogus", "Patient?_include=bogus",
		"Patient?_revinclude=*", "Patient?_contained=true"} {
		q, warnings, err := parse(t, p, query+"&gender=male", search.Options{})
		if err != nil || len(warnings) != 1 || len(q.Where) != 1 || len(q.Honoured()) != 1 {
			t.Errorf("%s: %v %v %v", query, q, warnings, err)
		}
		if _, _, err := parse(t, p, query, search.Options{Strict: true}); err == nil {
			t.Errorf("%s was accepted with handling=strict", query)
		}
	}
}

func TestNormalIsTheSameForTheSameQuestion(t *testing.T) {
	p := newParams(t)
	a, _, _ := parse(t, p, "Patient?name=a&gender=male&_count=3", search.Options{})
	b, _, _ := parse(t, p, "Patient?gender=male&name=a&gender=male", search.Options{})
	if a.Normal() != b.Normal() {
		t.Errorf("%s and %s", a.Normal(), b.Normal())
	}
}

// FuzzParse: whatever is asked, the parser answers with a query or an Outcome, and a query that is written out and read
// again is the same.
func FuzzParse(f *testing.F) {
	f.Add("Patient", "name:exact=a%2C&birthdate=ge2000&_sort=-name")
	f.Add("Observation", `code=a\|b|c\,d,e&subject:Patient=1&_include=Observation:*`)
	f.Add("ValueSet", "url:below=http://a/b+c&_count=3")
	f.Add("Patient", `_filter=name co "a\\u00e9," and not (organization[name pr true].name eq x)&_content=(a OR "b c"*) -d,e&_list=1&_text:missing=true`)
	f.Add("Location", "near=48.4|-10|5|km,1|2")
	f.Add("Observation", `value-quantity=ge-5.40e-3|http://unitsofmeasure.org|mg,5||a\|b&combo-value-quantity=ap1|http://unitsofmeasure.org|drops&_sort=-value-quantity`)
	f.Add("Observation", `component-code-value-quantity=http://loinc.org|8480-6$gt130|http://unitsofmeasure.org|mm[Hg],a\$b$5&code-value-string=a|b$x\,y&code-value-date=a$ge2024`)
	f.Add("Patient", `identifier:of-type=urn:a\|b|MR|1\$2&identifier:text=rec&general-practitioner:identifier=urn:npi|1&_profile=http://a|1.0`)
	f.Add("Observation", `subject:Patient.organization.name:exact=a\,b&patient.birthdate=ge1980&encounter.location:below=Location/1&_has:AuditEvent:entity:agent.name:missing=true`)
	f.Add("Patient", `_has:Observation:patient:_has:AuditEvent:entity:agent=x,Practitioner/1&general-practitioner.name=a,b&link:below=1&_has:Observation:subject:code:not=a|b`)
	f.Add("", `_type=Patient,Practitioner&name=fox&gender:not=male&_sort=-family,_id&_include=*&_total=accurate`)
	f.Add("", `_tag=urn:t|x&_id=a,b&_lastUpdated=ge2024&_sort=-_lastUpdated`)
	p := newParams(f)
	f.Fuzz(func(t *testing.T, typ, query string) {
		params, err := fhir.ParseParams(query)
		if err != nil {
			return
		}
		q, remarks, err := p.Parse(typ, params, search.Options{})
		if err != nil {
			if fhir.CodeOf(err) == fhir.Exception {
				t.Fatal(err)
			}
			return
		}
		text := strings.TrimPrefix(q.String(), q.Type+"?") // of a type that may have a '?' itself
		params, err = fhir.ParseParams(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, warnings, err := p.Parse(typ, params, search.Options{Strict: true})
		if err != nil || len(warnings) > len(remarks) || again.String() != q.String() {
			t.Fatalf("%s became %v (%v)", q, again, err)
		}
	})
}

package search_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// TestControls: what parameters that shape the result mean together, whatever their order, and what the self link says of them.
func TestControls(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string][3]string{ // the query; what the self link says; what the warnings are about
		"_count=5":                                {"_count=5", "_count=5", ""},
		"_count=5&_count=6":                       {"_count=5", "_count=5", "_count' stands a second time"},
		"_count=99999999999999999999":             {"", "", ""}, // an error
		"_count=1000000":                          {"_count=1000", "_count=1000", ""},
		"_count=+5":                               {"", "", ""},
		"_count:exact=5":                          {"_count=20", "", "'_count' does not take"},
		"_count=":                                 {"_count=20", "", "'_count' has no value"},
		"_count=0":                                {"_total=accurate&_count=0", "_count=0", ""},
		"_summary=count":                          {"_total=accurate&_count=0", "_summary=count", ""},
		"_summary=count&_count=5":                 {"_total=accurate&_count=0", "_summary=count&_count=5", ""},
		"_count=5&_summary=count":                 {"_total=accurate&_count=0", "_count=5&_summary=count", ""},
		"_total=none&_summary=count":              {"_total=accurate&_count=0", "_total=none&_summary=count", ""},
		"_summary=count&_total=estimate":          {"_total=estimate&_count=0", "_summary=count&_total=estimate", ""},
		"_total=estimate":                         {"_total=estimate&_count=20", "_total=estimate", ""},
		"_total=none&_total=accurate":             {"_count=20", "_total=none", "_total' stands a second time"},
		"_summary=false":                          {"_count=20", "_summary=false", ""},
		"_summary=data":                           {"_summary=data&_count=20", "_summary=data", ""},
		"_summary=DATA":                           {"", "", ""},
		"_summary=text&_include=Patient:link":     {"_summary=text&_count=20", "_summary=text", "cannot be mixed"},
		"_include:iterate=*&_summary=text":        {"_summary=text&_count=20", "_summary=text", "cannot be mixed"},
		"_elements=name,name,gender":              {"_elements=name,gender&_count=20", "_elements=name,gender", ""},
		"_elements=name.family,Patient.gender":    {"_elements=name,Patient.gender&_count=20", "_elements=name,Patient.gender", ""},
		"_elements=id,meta,resourceType":          {"_elements=id,meta,resourceType&_count=20", "_elements=id,meta,resourceType", ""},
		"_elements=deceasedBoolean,multipleBirth": {"_elements=deceased,multipleBirth&_count=20", "_elements=deceased,multipleBirth", ""},
		"_elements=deceased[x]":                   {"_elements=deceased&_count=20", "_elements=deceased", ""},
		"_elements=name,bogus":                    {"_elements=name&_count=20", "_elements=name", "_elements names"},
		"_elements=bogus,,_name":                  {"_count=20", "", "_elements names"},
		"_elements=valueQuantity":                 {"_count=20", "", "_elements names"},
		"_elements=valueQuantity&_revinclude=Observation:subject": {"_revinclude=Observation:subject&_elements=value&_count=20", "_elements=value&_revinclude=Observation:subject", ""},
		"_elements=Observation.value":                             {"_elements=Observation.value&_count=20", "_elements=Observation.value", ""},
		"_elements=Observation.name":                              {"_count=20", "", "_elements names"},
		"_summary=true&_elements=name":                            {"_elements=name&_count=20", "_elements=name", "_summary cannot be combined"},
		"_summary=count&_elements=name":                           {"_elements=name&_total=accurate&_count=0", "_summary=count&_elements=name", ""},
		"_sort=":                                                  {"_count=20", "", "'_sort' has no value"},
		"_sort=,":                                                 {"_count=20", "", "a rule of _sort is empty"},
		"_sort=-":                                                 {"_count=20", "", "a rule of _sort is empty"},
		"_sort=--name":                                            {"_count=20", "", "sorting by '-name'"},
		"_sort=name,-birthdate":                                   {"_sort=name,-birthdate&_count=20", "_sort=name,-birthdate", ""},
		"_sort=name&_sort=-birthdate":                             {"_sort=name,-birthdate&_count=20", "_sort=name&_sort=-birthdate", ""},
		"_sort=name,-name":                                        {"_sort=name&_count=20", "_sort=name", "a second time"},
		"_sort=name&_sort=name":                                   {"_sort=name&_count=20", "_sort=name", "a second time"},
		"_sort=bogus,name":                                        {"_sort=name&_count=20", "_sort=name", "sorting by 'bogus'"},
		"_sort=%20name":                                           {"_count=20", "", "not the name of a parameter"},
		"_sort:desc=name":                                         {"_count=20", "", "'_sort' does not take"},
		"_contained=both":                                         {"_count=20", "", "contained"},
		"_contained=false&_containedType=container":               {"_count=20", "_contained=false", "contained"},
		"_include=Patient:link&_include=Patient:link":             {"_include=Patient:link&_count=20", "_include=Patient:link&_include=Patient:link", ""},
		"_format=json&_pretty=true":                               {"_count=20", "_format=json&_pretty=true", ""},
	} {
		q, warnings, err := parse(t, p, "Patient?"+query, search.Options{})
		_, _, strict := parse(t, p, "Patient?"+query, search.Options{Strict: true})
		if want[0] == "" {
			if fhir.CodeOf(err) != fhir.Invalid || strict == nil {
				t.Errorf("%s: got %v, strict %v", query, err, strict)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := q.String(); got != "Patient?"+want[0] {
			t.Errorf("%s is %s", query, got)
		}
		var said []string
		for _, param := range q.Honoured() {
			said = append(said, param.Name+"="+param.Value)
		}
		if got := strings.Join(said, "&"); got != want[1] {
			t.Errorf("the self link of %s says %s", query, got)
		}
		if want[2] == "" && (len(warnings) > 0 || strict != nil) || want[2] != "" && (len(warnings) != 1 || !strings.Contains(warnings[0].Text, want[2]) || strict == nil) {
			t.Errorf("%s: %v, strict %v", query, warnings, strict)
		}
		// What the self link says, is understood to the last parameter, and means the same.
		again, _, err := parse(t, p, "Patient?"+strings.Join(said, "&"), search.Options{Strict: true})
		if err != nil || again.String() != q.String() {
			t.Errorf("the self link of %s gives %v (%v)", query, again, err)
		}
	}
}

// TestManyControls: what is ignored a thousand times is said once.
func TestManyControls(t *testing.T) {
	p := newParams(t)
	var names []string
	for i := range 3000 {
		names = append(names, fmt.Sprint("x", i))
	}
	_, warnings, err := parse(t, p, "Patient?_elements="+strings.Join(names, ",")+"&_sort="+strings.Repeat(",-", 3000), search.Options{})
	if err != nil || len(warnings) != 2 {
		t.Errorf("%d warnings, %v", len(warnings), err)
	}
	if _, warnings, err = parse(t, p, "Patient?_sort="+strings.Join(names, ","), search.Options{}); err != nil || len(warnings) > 100 {
		t.Errorf("%d warnings, %v", len(warnings), err)
	}
}

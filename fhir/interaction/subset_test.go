package interaction_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
)

func TestSubset(t *testing.T) {
	d := open(t)
	const tag = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`
	d.want("", "PUT Questionnaire/q", `{"resourceType":"Questionnaire","id":"q","meta":{"security":[{"code":"R"}]},"implicitRules":"http://example.org/rules","language":"en",
		"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">q</div>"},"modifierExtension":[{"url":"http://example.org/m","valueBoolean":true}],
		"status":"draft","title":"t","description":"d","item":[{"linkId":"1","type":"group","text":"x"}]}`)
	for query, want := range map[string]string{
		"_summary=true":           `"implicitRules":"http://example.org/rules","status":"draft","title":"t"`,
		"_summary=text":           `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">q</div>"},"status":"draft"`,
		"_elements=title":         `"implicitRules":"http://example.org/rules","modifierExtension":[{"url":"http://example.org/m","valueBoolean":true}],"status":"draft","title":"t"`,
		"_elements=item.linkId":   `"implicitRules":"http://example.org/rules","modifierExtension":[{"url":"http://example.org/m","valueBoolean":true}],"status":"draft","item":[{"linkId":"1","type":"group","text":"x"}]`,
		"_elements=no-such-thing": `"implicitRules":"http://example.org/rules","modifierExtension":[{"url":"http://example.org/m","valueBoolean":true}],"status":"draft"`,
	} {
		got := d.want("", "GET Questionnaire/q?"+query, "").Resource
		if full := `{"resourceType":"Questionnaire","id":"q","meta":{"security":[{"code":"R"}],"tag":[` + tag + `]},` + want + `}`; got.Body() != full {
			t.Errorf("%s:\ngot  %s\nwant %s", query, got.Body(), full)
		}
		if o := d.Gate.Check(got.Root()); o != nil {
			t.Errorf("%s: what is left is no valid resource: %v", query, o)
		}
		if got.VersionID() != "1" || got.LastUpdated().IsZero() {
			t.Errorf("%s: the version is lost", query)
		}
	}
	data := d.want("", "GET Questionnaire/q?_summary=data", "").Resource.Body()
	if strings.Contains(data, `"text":{"status"`) || !strings.Contains(data, `"item":`) || !strings.Contains(data, `"text":"x"`) {
		t.Errorf("_summary=data: %s", data)
	}
	d.want(fhir.Invalid, "GET Questionnaire/q?_summary=some", "")
	d.want(fhir.Invalid, "GET Questionnaire/_history?_summary=count", "")
	d.want(fhir.NotFound, "GET Questionnaire/none?_summary=text", "")
}

// TestSubsetOfPages: a page that is reached by a link is cut like the first.
func TestSubsetOfPages(t *testing.T) {
	d := open(t)
	d.many(5)
	query, pages := "Patient?active=true&_count=2&_elements=link&_pretty=true", 0
	for query != "" {
		b := d.want("", "GET "+query, "").Bundle
		query = ""
		pages++
		for _, e := range b.Entries {
			if !strings.Contains(e.Resource.Body(), "SUBSETTED") {
				t.Errorf("page %d: %s is whole", pages, e.Resource.Reference())
			}
		}
		for _, link := range b.Links {
			if link.Relation == "next" {
				query = link.URL
				if strings.Contains(query, "active") || !strings.Contains(query, "_pretty=true") {
					t.Errorf("the link says too much or too little: %s", query)
				}
			}
		}
	}
	if pages != 3 {
		t.Errorf("%d pages, want 3", pages)
	}
}

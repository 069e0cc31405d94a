package core_test

import (
	"strings"
	"testing"
)

func TestMeta(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"a","meta":{"source":"urn:x","profile":["http://x/p|1","http://x/q"],"tag":[{"system":"s","code":"t"}]},"active":true}`,
		`{"resourceType":"Patient","id":"b","meta":{"tag":[{"system":"s","code":"u"},{"system":"s","code":"t","display":"T"}],"security":[{"code":"N"}]}}`,
		`{"resourceType":"Organization","id":"c","meta":{"profile":["http://x/p|1","http://x/r"]}}`, `{"resourceType":"Basic","id":"d","code":{"text":"x"}}`)
	const meta = "parameter.0.valueMeta."
	h.do("GET", "/Patient/a/$meta", "").is(200, "parameter.0.name", "return", meta+"versionId", "1", meta+"source", "urn:x", meta+"profile.1", "http://x/q", meta+"tag.0.code", "t")
	a := h.do("POST", "/Patient/$meta", "")
	a.is(200, meta+"profile.1", "http://x/q", meta+"tag.0.code", "t", meta+"tag.1.code", "u", meta+"security.0.code", "N", meta+"versionId", nil)
	a = h.do("GET", "/$meta", "")
	if a.is(200); strings.Count(a.text, `"http://x/p|1"`) != 1 || !strings.Contains(a.text, "http://x/r") || !strings.Contains(a.text, `"u"`) {
		t.Errorf("all that is in use: %s", a.text)
	}
	h.do("GET", "/Basic/$meta", "").is(200, meta+"tag", nil)
	h.do("GET", "/Patient/none/$meta", "").is(404)

	h.now = h.now.Add(1e9)
	add := parameters(`{"name":"meta","valueMeta":{"profile":["http://x/q","http://x/new"],"tag":[{"system":"s","code":"t","display":"other"},{"system":"s","code":"new"}],"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}}`)
	h.do("GET", "/Patient/a/$meta-add", "").is(405)
	h.do("POST", "/Patient/a/$meta-add", add, `If-Match: W/"7"`).is(412)
	h.do("POST", "/Patient/a/$meta-add", add).is(200, meta+"versionId", "2", meta+"lastUpdated", "2024-05-01T10:00:01.000Z", meta+"profile.2", "http://x/new", meta+"tag.1.code", "new", meta+"tag.0.display", nil,
		meta+"tag.2", nil, meta+"security.0.code", "R", meta+"source", "urn:x")
	h.do("POST", "/Patient/a/$meta-add", add).is(200, meta+"versionId", "2") // nothing to add any more
	h.do("GET", "/Patient/a", "").is(200, "meta.versionId", "2", "active", true, "meta.profile.2", "http://x/new")
	h.do("POST", "/Patient/a/$meta-delete", parameters(`{"name":"meta","valueMeta":{"profile":["http://x/q","http://x/none"],"tag":[{"system":"s","code":"t"},{"system":"s","code":"new","display":"x"}]}}`)).is(
		200, meta+"versionId", "3", meta+"profile.1", "http://x/new", meta+"tag", nil)
	h.do("GET", "/Patient/a/_history/2", "").is(200, "meta.tag.1.code", "new")
	h.do("POST", "/Patient/a/$meta-add", parameters(``)).is(400)
	h.do("POST", "/Patient/a/$meta-add", `{"resourceType":"Parameters"}`).is(400, "issue.0.code", "required")
	h.do("POST", "/Patient/a/$meta-add", parameters(`{"name":"meta","valueMeta":{"tagg":[]}}`)).is(400)
	h.do("POST", "/Patient/$meta-add", add).is(404)
	h.do("POST", "/Patient/none/$meta-delete", add).is(404)
}

func TestVersions(t *testing.T) {
	h := open(t)
	h.do("GET", "/$versions", "").is(200, "parameter.0.name", "version", "parameter.0.valueCode", "4.0", "parameter.1.name", "default", "parameter.1.valueCode", "4.0")
	h.do("POST", "/$versions", parameters(`{"name":"x","valueCode":"y"}`)).is(400, "issue.0.code", "invalid")
	h.do("GET", "/Patient/$versions", "").is(404)
}

func TestConvert(t *testing.T) {
	h := open(t)
	h.do("POST", "/$convert", ` {"id":"x", "resourceType" : "Patient","gender":"female"}`).is(200, "resourceType", "Patient", "id", "x")
	h.do("POST", "/$convert", parameters(`{"name":"input","resource":{"resourceType":"Patient","gender":"female"}}`)).is(200, "parameter.0.name", "output", "parameter.0.resource.gender", "female")
	h.do("POST", "/$convert", `{"resourceType":"Patient","gender":"x"}`).is(400)
	h.do("POST", "/$convert", ``).is(400, "issue.0.code", "required")
	h.do("POST", "/$convert", `{"resourceType":"Patient"}`, "Accept: application/fhir+xml").is(406)
	h.do("POST", "/$convert", `<Patient/>`, "Content-Type: application/fhir+xml").is(415)
}

func TestValidate(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"a","gender":"male"}`)
	good, bad := `{"resourceType":"Patient","id":"a","gender":"female"}`, `{"resourceType":"Patient","gender":"x","foo":1}`
	in := func(resource, more string) string {
		return parameters(`{"name":"resource","resource":` + resource + `}` + more)
	}
	for _, test := range []struct {
		url, body string
		status    int
		severity  string // of the first issue
		code      string
	}{
		{"/Patient/$validate", good, 200, "information", "informational"},
		{"/Patient/$validate", bad, 200, "error", ""},
		{"/Patient/$validate", in(bad, ""), 200, "error", ""},
		{"/Patient/$validate", `{"resourceType":"Patient","gender":"male","gender":"female"}`, 200, "error", "structure"},
		{"/Observation/$validate", good, 200, "error", "invalid"},
		{"/Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/Patient", good, 200, "information", "informational"},
		{"/Patient/$validate?profile=http://example.org/p", good, 200, "warning", "not-supported"},
		{"/Patient/$validate?mode=profile", good, 400, "error", "required"},
		{"/Patient/$validate?mode=x", good, 400, "error", "code-invalid"},
		{"/Patient/$validate?mode=create", good, 200, "information", "informational"},
		{"/Patient/$validate?mode=update", good, 400, "error", "invalid"},
		{"/Patient/a/$validate?mode=update", good, 200, "information", "informational"},
		{"/Patient/a/$validate?mode=update", `{"resourceType":"Patient","id":"b"}`, 200, "error", "invalid"},
		{"/Patient/a/$validate?mode=delete", "", 200, "information", "informational"},
		{"/Patient/none/$validate?mode=delete", "", 200, "error", "not-found"},
		{"/Patient/a/$validate", "", 200, "information", "informational"},
		{"/Patient/none/$validate", "", 404, "error", "not-found"},
		{"/Patient/$validate", "", 400, "error", "required"},
		{"/Patient/$validate?mode=create", "", 400, "error", "required"},
		{"/Patient/$validate", parameters(`{"name":"other","valueCode":"x"}`), 400, "error", "invalid"},
	} {
		a := h.do("POST", test.url, test.body)
		a.is(test.status, "resourceType", "OperationOutcome", "issue.0.severity", test.severity)
		if test.code != "" && a.at("issue.0.code") != test.code {
			t.Errorf("%s %s: %s", test.url, test.body, a.text)
		}
	}
	h.do("GET", "/Patient/a/$validate", "").is(200)
	h.do("GET", "/Patient/a", "").is(200, "meta.versionId", "1", "gender", "male") // nothing was written
	if a := h.do("POST", "/Patient/$validate", in(bad, "")); !strings.Contains(a.text, `"Patient.gender"`) {
		t.Errorf("places are named from the resource: %s", a.text)
	}
}

package patient_test

import "testing"

func TestMatch(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"pat-ana","active":true,"identifier":[{"system":"urn:mrn","value":"1"}],"name":[{"family":"Silva","given":["Ana"]}],"gender":"female","birthDate":"1985-04-12","telecom":[{"system":"phone","value":"+1-212-555-0101"},{"system":"email","value":"Ana@example.org"}],"address":[{"postalCode":"10001"}]}`,
		`{"resourceType":"Patient","id":"other","name":[{"family":"Jones","given":["Robert"]}],"gender":"male","birthDate":"1970-01-02","telecom":[{"system":"phone","value":"(310) 555-0199"}]}`,
		`{"resourceType":"Patient","id":"old","active":false,"name":[{"family":"Kim","given":["Sue"]}],"birthDate":"1990-11-12","telecom":[{"system":"phone","value":"555-0177"}],"link":[{"type":"replaced-by","other":{"reference":"Patient/new"}}]}`,
		`{"resourceType":"Patient","id":"new","active":true,"name":[{"family":"Kim-Park","given":["Susan"]}],"birthDate":"1990-11-12"}`,
		`{"resourceType":"Patient","id":"left","active":false,"identifier":[{"system":"urn:mrn","value":"9"}],"name":[{"family":"Gone","given":["Al"]}],"birthDate":"1950-01-01"}`)
	type want struct {
		entries, score, grade string
	}
	for _, test := range []struct {
		name, patient, more string
		want
	}{
		{"REG-1", `"name":[{"family":"Sylva","given":["Ana"]}],"birthDate":"1985-04-12","telecom":[{"system":"phone","value":"+1-212-555-0101"}]`, "", want{"Patient/pat-ana", "0.69", "probable"}},
		{"REG-1 certain", `"name":[{"family":"Sylva","given":["Ana"]}],"birthDate":"1985"`, `,{"name":"onlyCertainMatches","valueBoolean":true}`, want{"", "<nil>", "<nil>"}},
		{"all", `"name":[{"family":"SILVA","given":["Aná"]}],"gender":"female","birthDate":"1985-04-12","telecom":[{"system":"phone","value":"2125550101"},{"system":"email","value":"ana@EXAMPLE.org"}],"address":[{"postalCode":"10001"}]`,
			`,{"name":"onlyCertainMatches","valueBoolean":true}`, want{"Patient/pat-ana", "1", "certain"}},
		{"swapped", `"name":[{"family":"Silva","given":["Ana"]}],"birthDate":"1985-12-04","gender":"female"`, "", want{"Patient/pat-ana", "0.55", "possible"}},
		{"one digit", `"name":[{"family":"Silva","given":["Ana"]}],"birthDate":"1985-04-22","gender":"female"`, "", want{"Patient/pat-ana", "0.5", "possible"}},
		{"other sex", `"name":[{"family":"Silva","given":["Ana"]}],"birthDate":"1985-04-12","gender":"male"`, "", want{"Patient/pat-ana", "0.55", "possible"}},
		{"nickname, phone in another form", `"name":[{"family":"Jones","given":["Bob"]}],"telecom":[{"system":"phone","value":"310.555.0199"}],"gender":"male"`, "", want{"Patient/other", "0.46", "possible"}},
		{"merged", `"name":[{"family":"Kim","given":["Sue"]}],"birthDate":"1990-11-12"`, "", want{"Patient/new", "0.65", "probable"}},
		{"inactive", `"identifier":[{"system":"urn:mrn","value":"9"}]`, "", want{"", "<nil>", "<nil>"}},
		{"nobody", `"name":[{"family":"Nobody"}],"birthDate":"2001-01-01"`, "", want{"", "<nil>", "<nil>"}},
	} {
		a := h.do("POST", "/Patient/$match", parameters(`{"name":"resource","resource":{"resourceType":"Patient",`+test.patient+`}}`+test.more))
		a.is(200, "type", "searchset", "entry.0.search.score", test.score, "entry.0.search.extension.0.valueCode", test.grade)
		if got := a.entries("match"); got != test.entries {
			t.Errorf("%s: %q, want %q", test.name, got, test.entries)
		}
	}
	a := h.do("POST", "/Patient/$match", `{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}],"name":[{"family":"Xu","given":["Wei"]}],"birthDate":"1999-01-01"}`)
	a.is(200, "entry.0.resource.id", "pat-ana", "entry.0.search.extension.0.valueCode", "certain", "entry.1.search.mode", "outcome", "entry.1.resource.issue.0.details.coding.0.code", "trait-conflict", "total", 1)
	h.do("POST", "/Patient/$match", `{"resourceType":"Patient","name":[{"family":"Silva"}]}`).is(422, "issue.0.code", "business-rule", "issue.0.details.coding.0.code", "insufficient-traits")
	h.do("POST", "/Patient/$match", `{"resourceType":"Person"}`).is(400)
	h.do("POST", "/Patient/$match", parameters(`{"name":"resource","resource":{"resourceType":"Patient"}},{"name":"count","valueInteger":0}`)).is(400)
	h.do("GET", "/Patient/$match", "").is(400, "issue.0.code", "required")
}

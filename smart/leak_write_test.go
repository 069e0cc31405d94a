package smart_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/smart"
)

func leakHistory(t *testing.T, h *house) {
	const text = `Observation/ID {"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/WHOSE"},"valueString":"TEXT"}`
	version := func(id, whose, value string) {
		h.put(strings.NewReplacer("ID", id, "WHOSE", whose, "TEXT", value).Replace(text))
	}
	version("in", "b", "secret")
	version("in", "a", "mine")
	version("out", "a", "mine")
	version("out", "b", "secret")
	version("gone", "b", "secret")
	h.do(backend(t, "system/*.cruds"), "DELETE", "/Observation/gone", "").is(204)
	a := patient(t, "a", everything)
	h.get(a, "/Observation/in/_history/2").is(200)
	h.get(a, "/Observation/in/_history/1").is(404).like(h.get(a, "/Observation/in/_history/9"))
	h.get(a, "/Observation/in/_history").totals(1)
	for _, closed := range []string{"out/_history/1", "out/_history/2", "gone/_history/1", "ob/_history/1"} {
		h.get(a, "/Observation/"+closed).is(404)
	}
	for _, closed := range []string{"out", "gone", "ob"} {
		h.get(a, "/Observation/"+closed+"/_history").is(404)
	}
	for _, path := range []string{"/Observation/_history?_count=100", "/_history?_count=200"} {
		got := h.get(a, path).is(200)
		if strings.Contains(got.body, "secret") || strings.Contains(got.body, "Observation/gone") || strings.Contains(got.body, "Observation/out") || !strings.Contains(got.body, "mine") {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	// Page by page the same.
	seen := 0
	for link := "/Observation/_history?_count=1"; link != ""; seen++ {
		page := h.get(a, link).is(200)
		if ids := page.ids(); len(ids) != 1 || ids[0] != "oa" && ids[0] != "oa2" && ids[0] != "in" {
			t.Errorf("a page of history holds %v", ids)
		}
		link = page.link("next")
	}
	if seen != 3 {
		t.Errorf("the history has %d pages", seen)
	}
	h.get(doctor(t, "user/*.rs"), "/Observation/out/_history").totals(2)
	// History of a type is for who may search it.
	h.get(patient(t, "a", "patient/Observation.r"), "/Observation/oa/_history").is(200)
	h.get(patient(t, "a", "patient/Observation.r"), "/Observation/_history").is(403)
	// A version of which the label was taken away later is open; one that bears it is not.
	h.put(`Condition/relabel {"subject":{"reference":"Patient/a"},"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},"code":{"text":"hidden"}}`,
		`Condition/relabel {"subject":{"reference":"Patient/a"},"code":{"text":"open"}}`)
	h.get(a, "/Condition/relabel/_history/2").is(200)
	h.get(a, "/Condition/relabel/_history/1").is(404)
}

func observation(id, whose string) string {
	if id != "" {
		id = `"id":"` + id + `",`
	}
	return `{"resourceType":"Observation",` + id + `"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/` + whose + `"}}`
}

func leakWriteBody(t *testing.T, h *house) {
	a := patient(t, "a", "patient/Observation.cruds")
	got := h.do(a, "POST", "/Observation", observation("", "a")).is(201)
	if !strings.Contains(got.body, "final") {
		t.Error("a create that may be read has no body")
	}
	blind := patient(t, "a", "patient/Observation.cu")
	if got := h.do(blind, "POST", "/Observation", observation("", "a")).is(201); got.body != "" {
		t.Errorf("a create that may not be read has a body: %s", got.body)
	}
	if got := h.do(blind, "PUT", "/Observation/oa2", observation("oa2", "a")).is(200); got.body != "" {
		t.Errorf("an update that may not be read has a body: %s", got.body)
	}
	// A PUT without a change, and a PATCH, must not be a way to read.
	patch := `[{"op":"test","path":"/status","value":"final"}]`
	if got := h.do(blind, "PATCH", "/Observation/oa", patch, "Content-Type: application/json-patch+json").is(200); got.body != "" {
		t.Errorf("a patch that may not be read has a body: %s", got.body)
	}
	bundle := `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + observation("", "a") + `,"request":{"method":"POST","url":"Observation"}}]}`
	if got := h.do(blind, "POST", "", bundle).is(200); strings.Contains(got.body, "final") {
		t.Errorf("an entry that may not be read has a body: %s", got.body)
	}
}

func leakMove(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.do(a, "PUT", "/Observation/oa2", observation("oa2", "a")).is(200)
	h.do(a, "POST", "/Observation", observation("", "a")).is(201)
	// Out, and in.
	h.do(a, "PUT", "/Observation/oa", observation("oa", "b")).is(403)
	h.do(a, "PUT", "/Observation/ob", observation("ob", "a")).is(404)
	h.do(a, "POST", "/Observation", observation("", "b")).is(403).like(h.do(a, "POST", "/Observation", observation("", "none")))
	h.do(a, "PATCH", "/Observation/oa", `[{"op":"replace","path":"/subject/reference","value":"Patient/b"}]`, "Content-Type: application/json-patch+json").is(403)
	h.do(a, "PATCH", "/Observation/ob", `[{"op":"replace","path":"/subject/reference","value":"Patient/a"}]`, "Content-Type: application/json-patch+json").is(404)
	// Into two records at once.
	both := func(id string) *answer {
		return h.do(a, "POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Patient/`+id+`"}]}`)
	}
	both("b").is(403).like(both("none"))
	h.do(a, "DELETE", "/Observation/ob", "").is(204)
	sys := backend(t, "system/*.cruds")
	h.get(sys, "/Observation/oa").is(200)
	if got := h.get(sys, "/Observation/ob").is(200); !strings.Contains(got.body, "secret") || !strings.Contains(got.body, "Patient/b") {
		t.Errorf("b's observation was changed: %s", got.body)
	}
	// A constraint holds for both images, too.
	lab := backend(t, "system/Observation.cruds?category=laboratory")
	h.do(lab, "PUT", "/Observation/oa2", observation("oa2", "a")).is(404)
	h.do(lab, "PUT", "/Observation/oa", observation("oa", "a")).is(403)
	// What may be read and not written says so.
	h.do(doctor(t, "user/*.cruds", "front-desk"), "PUT", "/Encounter/ea", `{"resourceType":"Encounter","id":"ea","status":"finished","class":{"code":"AMB"}}`).is(403)
}

func leakPatch(t *testing.T, h *house) {
	patch := func(p *smart.Principal, id string) *answer {
		return h.do(p, "PATCH", "/Observation/"+id, `[{"op":"replace","path":"/status","value":"amended"}]`, "Content-Type: application/json-patch+json")
	}
	patch(patient(t, "a", "patient/Observation.u"), "oa").is(200)
	patch(patient(t, "a", "patient/Observation.crds"), "oa").is(403)
	patch(patient(t, "a", everything), "ob").is(404).like(patch(patient(t, "a", everything), "none"))
	// A test of what is closed tells nothing.
	test := `[{"op":"test","path":"/valueString","value":"secret"}]`
	h.do(patient(t, "a", everything), "PATCH", "/Observation/ob", test, "Content-Type: application/json-patch+json").is(404)
}

func leakConditional(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	found := h.do(a, "POST", "/Observation", observation("", "a"), "If-None-Exist: value-string=mine&category=laboratory").is(200)
	if !strings.Contains(found.header["Location"][0], "/oa/") {
		t.Errorf("found %s", found.header["Location"])
	}
	// What belongs to b is no match: neither to find, nor to change, nor to delete.
	created := h.do(a, "POST", "/Observation", observation("", "a"), "If-None-Exist: value-string=secret&encounter=Encounter/eb").is(201)
	if strings.Contains(created.header["Location"][0], "/ob/") {
		t.Error("a conditional create found what belongs to b")
	}
	h.do(a, "PUT", "/Observation?value-string=secret&encounter=Encounter/eb", observation("", "a")).is(201)
	h.do(a, "PUT", "/Observation?value-string=secret&encounter=Encounter/eb", observation("ob", "a")).is(404)
	h.do(a, "DELETE", "/Observation?value-string=secret", "").is(204)
	h.do(a, "PATCH", "/Observation?value-string=secret", `[{"op":"replace","path":"/status","value":"amended"}]`, "Content-Type: application/json-patch+json").is(404)
	if got := h.get(backend(t, "system/*.cruds"), "/Observation/ob").is(200); !strings.Contains(got.body, `"versionId":"1"`) {
		t.Error("b's observation was changed")
	}
	h.do(a, "DELETE", "/Observation?value-string=mine&category=laboratory", "").is(204)
	h.get(a, "/Observation/oa").is(410)
	// The condition is a search, and needs its scope.
	h.do(patient(t, "a", "patient/Observation.cu"), "POST", "/Observation", observation("", "a"), "If-None-Exist: code=x").is(403)
	h.do(a, "POST", "/Observation", observation("", "a"), "If-None-Exist: _has:Group:member:type=person").is(400)
	// A conditional reference is resolved among what is open.
	bundle := func(query string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Condition","subject":{"reference":"Patient?` + query + `"}},"request":{"method":"POST","url":"Condition"}}]}`
	}
	h.do(a, "POST", "", bundle("name=Aalto")).is(200)
	h.do(a, "POST", "", bundle("identifier=urn:mrn|42")).is(412).like(h.do(a, "POST", "", bundle("identifier=urn:mrn|43")))
}

func leakBundle(t *testing.T, h *house) {
	a := patient(t, "a", "patient/Observation.cruds patient/Patient.rs")
	bundle := func(kind string, entries ...string) string {
		parts := make([]string, len(entries))
		for i, e := range entries {
			method, rest, _ := strings.Cut(e, " ")
			url, body, _ := strings.Cut(rest, " ")
			parts[i] = fmt.Sprintf(`{"request":{"method":%q,"url":%q}`, method, url)
			if body != "" {
				parts[i] += `,"resource":` + body
			}
			parts[i] += "}"
		}
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(parts, ",") + `]}`
	}
	statuses := func(kind string, want string, entries ...string) {
		t.Helper()
		got := []string{}
		for _, e := range h.do(a, "POST", "", bundle(kind, entries...)).is(200).bundle().Entry {
			got = append(got, e.Response.Status[:3])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s %v: %v instead of %s", kind, entries, got, want)
		}
	}
	statuses("batch", "200 404 403 200 201 403 403 404 204",
		"GET Observation/oa", "GET Observation/ob", "GET Condition/ca", "GET Observation?code=1234-5", "POST Observation "+observation("", "a"), "POST Observation "+observation("", "b"),
		`POST Condition {"resourceType":"Condition","subject":{"reference":"Patient/a"}}`, "PUT Observation/ob "+observation("ob", "a"), "DELETE Observation/ob")
	statuses("transaction", "200 201", "GET Observation/oa", "POST Observation "+observation("", "a"))
	for _, entry := range []string{"GET Condition/ca", "GET Observation/ob", "POST Observation " + observation("", "b"), "PUT Observation/ob " + observation("ob", "a")} {
		got := h.do(a, "POST", "", bundle("transaction", "POST Observation "+observation("", "a"), entry))
		if got.status != 403 && got.status != 404 {
			t.Errorf("a transaction with %s: %d", entry, got.status)
		}
	}
	// What is not granted is refused before anything is looked at, also a condition that would fail.
	refused := bundle("transaction", "PUT Observation?value-string=mine "+observation("ob", "a"), "GET Condition/ca")
	h.do(a, "POST", "", refused).is(403)
	h.get(backend(t, "system/*.cruds"), "/Observation/ob/_history").totals(1)
	h.do(nil, "POST", "", bundle("batch", "GET Patient/a")).is(401)
}

func leakLabels(t *testing.T, h *house) {
	const label = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},`
	h.put(`Observation/r {`+label+`"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`,
		`Observation/hiv {"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`,
		`Observation/n {"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	for _, p := range []*smart.Principal{patient(t, "a", everything), doctor(t, "user/*.cruds")} {
		h.get(p, "/Observation/n").is(200)
		h.get(p, "/Observation/r").is(404)
		h.get(p, "/Observation/r/_history/1").is(404)
		h.get(p, "/Observation/hiv").is(404)
		h.get(p, "/Observation?_id=r,n,hiv").finds("n")
		h.get(p, "/Observation?_id=r,n,hiv&_total=accurate").totals(1)
		h.get(p, "/Observation?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R").finds()
		h.get(p, "/Patient?_id=a&_has:Observation:subject:_id=r").finds()
		h.do(p, "PUT", "/Observation/r", observation("r", "a")).is(404)
		h.do(p, "PATCH", "/Observation/r", `[{"op":"remove","path":"/meta"}]`, "Content-Type: application/json-patch+json").is(404)
		h.do(p, "POST", "/Observation", strings.Replace(observation("", "a"), `"status"`, label+`"status"`, 1)).is(403)
	}
	cleared := doctor(t, "user/*.cruds")
	cleared.Clearance = []string{"R"}
	h.get(cleared, "/Observation?_id=r,n,hiv").finds("r", "n")
	h.get(cleared, "/Observation/hiv").is(404)
	// Who is cleared may see the label and set it, not take it off.
	h.do(cleared, "PUT", "/Observation/r", observation("r", "a")).is(403)
	h.do(cleared, "PATCH", "/Observation/r", `[{"op":"remove","path":"/meta"}]`, "Content-Type: application/json-patch+json").is(403)
	h.do(cleared, "PUT", "/Observation/oa", strings.Replace(observation("oa", "a"), `"status"`, label+`"status"`, 1)).is(200)
	h.get(patient(t, "a", everything), "/Observation/oa").is(404)
	h.get(backend(t, "system/*.rs"), "/Observation?_id=r,hiv").finds("r", "hiv")
}

func leakBinary(t *testing.T, h *house) {
	a, dr := patient(t, "a", everything), doctor(t, "user/*.cruds")
	for _, own := range []string{"bina", "ctxa"} {
		h.get(a, "/Binary/"+own).is(200)
	}
	for _, closed := range []string{"binb", "ctxb", "free"} {
		h.get(a, "/Binary/"+closed).is(404)
		h.do(a, "GET", "/Binary/"+closed, "", "Accept: application/fhir+json").like(h.do(a, "GET", "/Binary/none", "", "Accept: application/fhir+json"))
	}
	for _, id := range []string{"bina", "ctxa", "binb", "ctxb", "free"} {
		h.get(dr, "/Binary/"+id).is(200)
	}
	// Nobody makes a Binary their own by pointing to it.
	document := func(binary string) string {
		return `{"resourceType":"DocumentReference","status":"current","subject":{"reference":"Patient/a"},"content":[{"attachment":{"url":"` + binary + `"}}]}`
	}
	h.do(a, "POST", "/DocumentReference", document("Binary/bina")).is(201)
	h.do(a, "POST", "/DocumentReference", document("Binary/binb")).is(422).like(h.do(a, "POST", "/DocumentReference", document("Binary/none")))
	h.do(a, "POST", "/DocumentReference", document(base+"/Binary/free")).is(422)
	h.get(a, "/Binary/binb").is(404)
	// With its context, or together with its document, it can be brought.
	binary := func(context string) string {
		return `{"resourceType":"Binary","contentType":"text/plain",` + context + `"data":"bWluZQ=="}`
	}
	h.do(a, "POST", "/Binary", binary(`"securityContext":{"reference":"Patient/a"},`)).is(201)
	h.do(a, "POST", "/Binary", binary(`"securityContext":{"reference":"Patient/b"},`)).is(403)
	h.do(a, "POST", "/Binary", binary("")).is(403)
	h.do(dr, "POST", "/Binary", binary("")).is(201)
	h.do(dr, "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":`+document("urn:uuid:0a5e2c5e-0000-4000-8000-000000000001")+`,"request":{"method":"POST","url":"DocumentReference"}},
		{"fullUrl":"urn:uuid:0a5e2c5e-0000-4000-8000-000000000001","resource":`+binary("")+`,"request":{"method":"POST","url":"Binary"}}]}`).is(200)
}

func leakGraft(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	consent := `{"resourceType":"Consent","status":"active","scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"text":"x"}],"patient":{"reference":"Patient/a"},"policyRule":{"text":"x"}}`
	h.do(backend(t, "system/Consent.c"), "POST", "/Consent", consent).is(201)
	for _, p := range []*smart.Principal{a, doctor(t, "user/*.cruds"), backend(t, "system/*.cruds"), patient(t, "a", "patient/Consent.cruds")} {
		h.do(p, "POST", "/Consent", consent).is(403)
	}
	h.do(doctor(t, "user/Consent.cruds", smart.RolePrivacyOfficer), "POST", "/Consent", consent).is(201)
	h.get(a, "/Consent").is(200)
	// A link to another patient, written by oneself, opens nothing.
	h.do(a, "PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}`).is(200)
	h.get(a, "/Patient/b").is(404)
	h.get(a, "/Observation").finds("oa", "oa2")
	h.do(a, "PUT", "/RelatedPerson/rel", `{"resourceType":"RelatedPerson","id":"rel","patient":{"reference":"Patient/b"}}`).is(404)
	h.do(a, "POST", "/RelatedPerson", `{"resourceType":"RelatedPerson","patient":{"reference":"Patient/b"}}`).is(403)
	// The trail is written by the server.
	event := `{"resourceType":"AuditEvent","type":{"code":"rest"},"recorded":"2024-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}}}`
	h.do(a, "POST", "/AuditEvent", event).is(403)
	h.do(backend(t, "system/*.cruds"), "POST", "/AuditEvent", event).is(403)
}

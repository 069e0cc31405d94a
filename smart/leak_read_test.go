package smart_test

import (
	"strings"
	"testing"

	"andiron.dev/smart"
)

const everything = "patient/*.cruds openid fhirUser"

func leakRead(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	for _, own := range []string{"Patient/a", "Observation/oa", "Observation/oa2", "Condition/ca", "Encounter/ea", "Task/ta", "Device/da", "Practitioner/dr", "Organization/org"} {
		h.get(a, "/"+own).is(200)
	}
	for _, foreign := range []string{"Patient/b", "Observation/ob", "Condition/cb", "Encounter/eb", "Task/tb", "Device/db", "Device/stock"} {
		typ, _, _ := strings.Cut(foreign, "/")
		got, none := h.get(a, "/"+foreign), h.get(a, "/"+typ+"/none")
		got.is(404).like(none)
	}
	dr := doctor(t, "user/*.rs")
	h.get(dr, "/Patient/b").is(200)
	h.get(dr, "/Observation/ob").is(200)
	h.get(nil, "/Patient/a").is(401)
	h.get(nil, "/metadata").is(200)
}

func leakInclude(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.get(a, "/Observation?_id=oa&_include=Observation:subject").finds("oa", "a")
	h.get(a, "/Observation?_id=oa&_include=Observation:has-member").finds("oa")
	h.get(a, "/Observation?_id=oa&_include=Observation:has-member&_include:iterate=Observation:subject").finds("oa", "a")
	h.get(a, "/Observation?_id=oa&_revinclude=Observation:derived-from").finds("oa")
	h.get(a, "/Observation?_id=oa&_include=*").finds("oa", "a", "ea")
	h.get(a, "/Patient?_id=a&_revinclude=Observation:subject&_revinclude=Group:member&_revinclude=Patient:link").finds("a", "oa", "oa2")
	h.get(a, "/Observation?_id=oa&_revinclude=Provenance:target").finds("oa", "pa")
	h.get(a, "/Practitioner?_id=dr&_revinclude=Patient:general-practitioner").finds("dr", "a")
	dr := doctor(t, "user/*.rs")
	h.get(dr, "/Observation?_id=oa&_include=Observation:has-member&_revinclude=Provenance:target").finds("oa", "ob", "pa", "pab")
	// What is included needs a scope of its own, and without one is not there.
	narrow := patient(t, "a", "patient/Observation.rs")
	h.get(narrow, "/Observation?_id=oa&_include=Observation:subject").finds("oa")
	h.get(patient(t, "a", "patient/Observation.rs patient/Patient.r"), "/Observation?_id=oa&_include=Observation:subject").finds("oa", "a")
}

func leakMembership(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.get(a, "/Observation?_sort=_id").finds("oa", "oa2")
	h.get(a, "/Observation/ob2").is(404)   // a is its focus
	h.get(a, "/Observation/other").is(404) // a patient of another server has the same id
	h.get(a, "/Observation?focus=Patient/a").finds()
	h.get(a, "/Patient").finds("a") // b links to a
	h.get(patient(t, "b", everything), "/Observation").finds("ob", "ob2")
	// Nobody makes a foreign server their own by saying that they were sent to it.
	h.do(a, "GET", "/Observation/other", "", "Host: elsewhere.example").is(404)
}

func leakEveryType(t *testing.T, h *house) {
	a, b := patient(t, "a", everything), patient(t, "b", everything)
	for typ, want := range map[string][2][]string{
		"Condition": {{"ca"}, {"cb"}}, "Encounter": {{"ea"}, {"eb"}}, "List": {{"la"}, {"lb"}}, "Task": {{"ta"}, {"tb"}}, "Device": {{"da"}, {"db"}},
		"DocumentReference": {{"doca"}, {"docb"}}, "Claim": {{}, {"cl"}}, "Provenance": {{"pa"}, {}}, "Binary": {{"bina", "ctxa"}, {"binb", "ctxb"}},
	} {
		h.get(a, "/"+typ).finds(want[0]...)
		h.get(b, "/"+typ).finds(want[1]...)
	}
	for _, closed := range []string{"Group", "Schedule", "Subscription", "Slot", "MessageHeader", "VerificationResult", "Contract"} {
		h.get(a, "/"+closed).is(403)
	}
	h.get(doctor(t, "user/*.rs"), "/Group").finds("g")
	// Across types nothing else comes out than type by type.
	all := h.get(a, "/?_count=100").is(200).ids()
	for _, id := range all {
		switch id {
		case "a", "ea", "oa", "oa2", "ca", "la", "ta", "da", "doca", "pa", "bina", "ctxa", "dr", "org", "insurer", "floor", "bed":
		default:
			t.Errorf("a search of all types found %s", id)
		}
	}
	if len(all) != 14 { // Binary has no narrative, but the search has no criteria either
		t.Logf("%v", all)
	}
	h.get(a, "/?_type=Observation,Patient").finds("a", "oa", "oa2")
	h.get(a, "/?_type=Observation,Group").is(403)
	h.do(a, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Observation?","channel":{"type":"rest-hook","endpoint":"https://evil.example"}}`).is(403)
}

func leakEmpty(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.get(a, "/Observation").finds("oa", "oa2")
	for name, p := range map[string]*smart.Principal{
		"no patient":           {Subject: "user:a", FhirUser: "Patient/a", Scopes: scopes(t, "patient/*.cruds")},
		"a patient that is no": {Subject: "client:x", Patient: "a,Patient/b", Scopes: scopes(t, everything)},
		"no rights":            {Subject: "user:x", Scopes: scopes(t, "user/*.cruds system/*.cruds")},
		"unknown role":         {Subject: "user:x", Roles: []string{"king"}, Scopes: scopes(t, "user/*.cruds")},
		"a client for a user":  {Subject: "client:x", Scopes: scopes(t, "user/*.cruds")},
		"gateway without self": {Subject: "client:x", Roles: []string{"device-gateway"}, Scopes: scopes(t, "system/*.cruds")},
		"nobody":               {},
		"unknown constraint":   {Subject: "client:x", Scopes: scopes(t, "system/Observation.rs?nonsense=x")},
	} {
		for _, path := range []string{"/Observation/oa", "/Observation", "/Patient/b", "/Observation/_history"} {
			if got := h.get(p, path); got.status != 403 {
				t.Errorf("%s: GET %s: %d", name, path, got.status)
			}
		}
	}
	// Who acts for a patient that is not there sees what is nobody's.
	h.get(patient(t, "none", everything), "/Observation").finds()
}

func leakNoScope(t *testing.T, h *house) {
	h.get(doctor(t, "user/Patient.rs"), "/Patient/b").is(200)
	for _, granted := range []string{"", "openid launch/patient offline_access"} {
		p := doctor(t, granted)
		for _, path := range []string{"/Patient/b", "/Patient", "/?_type=Patient", "/_history", "/Patient/b/_history", "/Practitioner/dr"} {
			h.get(p, path).is(403)
		}
	}
	// fhirUser opens who the user is, and nothing beside it.
	self := doctor(t, "openid fhirUser")
	h.get(self, "/Practitioner/dr").is(200)
	h.get(self, "/Practitioner/none").is(404)
	h.get(self, "/Practitioner").is(403)
	h.get(patient(t, "a", "openid fhirUser"), "/Patient/a").is(200)
	h.get(patient(t, "a", "openid fhirUser"), "/Patient/b").is(404)
}

func leakForbidden(t *testing.T, h *house) {
	a := patient(t, "a", "patient/Observation.rs")
	h.get(a, "/Observation/oa").is(200)
	there, none := h.get(a, "/Condition/ca"), h.get(a, "/Condition/none")
	there.is(403).like(none)
	h.get(a, "/Condition?code=x").is(403)
	h.do(a, "DELETE", "/Observation/oa", "").is(403)
	h.do(a, "PUT", "/Observation/none", `{"resourceType":"Observation","id":"none","status":"final","code":{"text":"x"}}`).is(403)
	if got := there.header["Www-Authenticate"]; len(got) != 1 || !strings.Contains(got[0], "insufficient_scope") {
		t.Errorf("a refusal carries %q", got)
	}
	for _, word := range []string{"ca", "Patient/a", "mine"} {
		if strings.Contains(there.body, `"`+word) {
			t.Errorf("a refusal speaks of %s: %s", word, there.body)
		}
	}
	// A constrained scope hides, and does not refuse.
	lab := patient(t, "a", "patient/Observation.rs?category=laboratory")
	h.get(lab, "/Observation").finds("oa")
	h.get(lab, "/Observation/oa2").is(404)
	h.get(patient(t, "a", "patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs"), "/Observation").finds("oa", "oa2")
	// What a role does not have is 403, whatever the scopes (SEC-5).
	h.get(doctor(t, "user/*.cruds", "biller"), "/DocumentReference/docb").is(403)
	h.get(doctor(t, "user/*.cruds", "biller"), "/Claim/cl").is(200)
}

func leakExistence(t *testing.T, h *house) {
	sys := backend(t, "system/*.cruds")
	h.put(`Observation/gone {"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}}`, `Observation/mygone {"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	h.do(sys, "DELETE", "/Observation/gone", "").is(204)
	h.do(sys, "DELETE", "/Observation/mygone", "").is(204)
	a := patient(t, "a", everything)
	h.get(a, "/Observation/mygone").is(410)
	h.get(a, "/Observation/mygone/_history").is(200)
	etag := h.get(sys, "/Observation/ob").header["Etag"][0]
	const body = `{"resourceType":"Observation","id":"ID","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`
	for _, id := range []string{"ob", "gone"} {
		for _, try := range [][]string{
			{"GET", ""}, {"GET", "", "If-None-Match: " + etag}, {"GET", "", "If-Modified-Since: Wed, 01 May 2030 00:00:00 GMT"}, {"HEAD", ""},
			{"DELETE", ""}, {"DELETE", "", "If-Match: " + etag}, {"PUT", body}, {"PUT", body, "If-Match: " + etag}, {"PUT", body, "If-None-Match: *"},
		} {
			got := h.do(a, try[0], "/Observation/"+id, strings.ReplaceAll(try[1], "ID", id), try[2:]...)
			none := h.do(a, try[0], "/Observation/none", strings.ReplaceAll(try[1], "ID", "none"), try[2:]...)
			got.like(none)
		}
		h.get(a, "/Observation/"+id+"/_history").like(h.get(a, "/Observation/none/_history"))
		h.get(a, "/Observation/"+id+"/_history/1").like(h.get(a, "/Observation/none/_history/1"))
	}
	h.get(sys, "/Observation/ob").is(200)
	// To update what there is not is for clients that act for themselves.
	h.do(a, "PUT", "/Observation/fresh", strings.ReplaceAll(body, "ID", "fresh")).is(404)
	h.do(sys, "PUT", "/Observation/fresh", strings.ReplaceAll(body, "ID", "fresh")).is(201)
	h.do(a, "DELETE", "/Observation/oa", "").is(204)
	h.get(a, "/Observation/oa").is(410)
}

func leakTotal(t *testing.T, h *house) {
	a, dr := patient(t, "a", everything), doctor(t, "user/*.rs")
	h.get(dr, "/Observation?_summary=count").is(200).totals(5)
	for _, how := range []string{"_summary=count", "_total=accurate", "_total=estimate", "_total=accurate&_count=1", "_count=0&_total=accurate"} {
		h.get(a, "/Observation?"+how).is(200).totals(2)
		h.get(a, "/Observation?code=1234-5&"+how).is(200).totals(2)
	}
	h.get(a, "/Patient?identifier=urn:mrn|42&_summary=count").is(200).totals(0)
	h.get(a, "/?_type=Observation,Patient&_summary=count").is(200).totals(3)
	h.get(a, "/Observation/oa/_history").totals(1)
	// What cannot be counted within the query is not counted at all.
	h.get(a, "/Provenance?_total=accurate").is(400)
	h.get(a, "/Provenance?_total=estimate&target=Observation/ob").finds()
	// How a search was done says how many there are.
	explained := h.do(a, "GET", "/Observation?code=1234-5", "", "Prefer: explain")
	explained.finds("oa", "oa2")
	if strings.Contains(explained.body, "looked at") {
		t.Error("a search was explained to a patient")
	}
	if !strings.Contains(h.do(backend(t, "system/*.cruds"), "GET", "/Observation?code=1234-5", "", "Prefer: explain").body, "looked at") {
		t.Error("a search was not explained to the hospital's own client")
	}
}

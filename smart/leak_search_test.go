package smart_test

import (
	"net/url"
	"strings"
	"testing"

	"andiron.dev/smart"
)

func leakChain(t *testing.T, h *house) {
	a, dr := patient(t, "a", everything), doctor(t, "user/*.rs")
	// A chain to what is closed finds nothing, one to what is open does.
	h.get(a, "/Observation?subject:Patient.name=Aalto").finds("oa", "oa2")
	h.get(a, "/Observation?has-member.value-string=secret").finds()
	h.get(dr, "/Observation?has-member.value-string=secret").finds("oa")
	h.get(a, "/Observation?has-member:Observation.subject:Patient.name=Bauer").finds()
	h.get(dr, "/Observation?has-member:Observation.subject:Patient.name=Bauer").finds("oa")
	h.get(a, "/Patient?_has:Observation:subject:value-string=mine").finds("a")
	h.get(a, "/Observation?_has:Observation:derived-from:value-string=secret").finds()
	h.get(dr, "/Observation?_has:Observation:derived-from:value-string=secret").finds("oa")
	h.get(a, "/Patient?_has:Patient:link:birthdate=1950-01-02").finds()
	h.get(dr, "/Patient?_has:Patient:link:birthdate=1950-01-02").finds("a")
	h.get(a, "/Practitioner?_has:Patient:general-practitioner:name=Bauer").finds()
	h.get(dr, "/Practitioner?_has:Patient:general-practitioner:name=Bauer").finds("dr")
	h.get(a, "/Practitioner?_has:Patient:general-practitioner:_has:Observation:subject:value-string=secret").finds()
	filter := url.QueryEscape(`has-member.value-string eq "secret"`)
	h.get(a, "/Observation?_filter="+filter).finds()
	h.get(dr, "/Observation?_filter="+filter).finds("oa")
	h.get(a, "/Observation?_filter="+url.QueryEscape(`not (has-member.value-string eq "secret")`)).finds("oa", "oa2")
	// A hop to a type that is not granted is refused, whatever is there; where types are not named, the others are looked at.
	narrow := patient(t, "a", "patient/Observation.rs")
	h.get(narrow, "/Observation?subject:Patient.name=Aalto").is(403)
	h.get(narrow, "/Observation?subject.name=Aalto").is(403)
	h.get(narrow, "/Observation?_has:Group:member:type=person").is(400)
	h.get(patient(t, "a", "patient/Patient.rs"), "/Patient?_has:Observation:subject:code=1234-5").is(403)
	h.get(patient(t, "a", "patient/Observation.rs patient/Patient.rs"), "/Observation?subject.name=Aalto").finds("oa", "oa2")
	h.get(a, "/Patient?_has:Group:member:type=person").is(403)
	h.get(a, "/Observation?_has:Provenance:target:agent=Practitioner/dr").is(403)
	h.get(dr, "/Patient?_has:Group:member:type=person").finds("a", "b")
}

func leakPostSearch(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	form := func(p *smart.Principal, path, query string) *answer {
		return h.do(p, "POST", path, query, "Content-Type: application/x-www-form-urlencoded")
	}
	form(a, "/Observation/_search", "code=1234-5").finds("oa", "oa2")
	form(a, "/Observation/_search?code=1234-5", "subject=Patient/b").finds()
	form(a, "/_search", "_type=Observation").finds("oa", "oa2")
	form(a, "/_search", "_type=Group").is(403)
	form(patient(t, "a", "patient/Patient.rs"), "/Observation/_search", "code=1234-5").is(403)
}

func leakSynonym(t *testing.T, h *house) {
	a, dr := patient(t, "a", everything), doctor(t, "user/*.rs")
	for _, query := range []string{
		"subject=Patient/b", "patient=b", "subject:Patient=b", "subject=" + base + "/Patient/b", "subject=Patient/a,Patient/b&patient=b", "patient:Patient.name=Bauer",
		"subject:identifier=urn:mrn|42", "performer=Patient/b", "subject:not=Patient/a",
	} {
		if got := h.get(a, "/Observation?"+query); got.status == 200 && len(got.ids()) > 0 {
			t.Errorf("%s: %v", query, got.ids())
		}
	}
	h.get(dr, "/Observation?patient=b").finds("ob", "ob2")
	h.get(a, "/Observation?subject=Patient/a,Patient/b").finds("oa", "oa2")
	h.get(a, "/Patient/b/Observation").finds()
	h.get(a, "/Patient/b/*").finds()
	h.get(dr, "/Patient/b/Observation").finds("ob", "ob2")
	h.get(a, "/Encounter/eb/Observation").finds()
}

func leakSort(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.get(a, "/Observation?_sort=value-string").finds("oa", "oa2")
	h.get(a, "/Observation?_sort=-_lastUpdated&_count=1").finds("oa2")
	h.get(a, "/Observation?_sort=subject.name").is(200)
	h.get(a, "/Observation?_elements=value&_sort=-code").finds("oa", "oa2")
}

func leakDropped(t *testing.T, h *house) {
	a := patient(t, "a", everything)
	h.get(a, "/Observation?code=1234-5;subject=Patient/b").finds()
	for _, query := range []string{"nonsense=1", "subject=", "_id=", "&&&", "_count=1000", "nonsense:missing=true", "code:missing=false", "code:not=x", "_lastUpdated=gt1900"} {
		h.get(a, "/Observation?"+query).finds("oa", "oa2")
	}
}

func leakPaging(t *testing.T, h *house) {
	a, b := patient(t, "a", everything), patient(t, "b", everything)
	first := h.get(a, "/Observation?_count=1&_total=accurate").is(200).totals(2)
	next := first.link("next")
	if next == "" {
		t.Fatal("there is no next page")
	}
	second := h.get(a, next).is(200)
	if ids := append(first.ids(), second.ids()...); len(ids) != 2 || second.link("next") != "" {
		t.Errorf("the pages hold %v", ids)
	}
	// A link is good for nobody else, and not for the same user with another token.
	h.get(b, next).is(400)
	h.get(patient(t, "a", "patient/Observation.s"), next).is(400)
	h.get(doctor(t, "user/*.rs"), next).is(400)
	// What is closed meanwhile is not on the next page.
	h.put(`Consent/stop {"status":"active","scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"text":"x"}],"patient":{"reference":"Patient/b"},"policyRule":{"text":"x"},
		"provision":{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Encounter"}]}}`)
	h.get(doctor(t, "user/*.rs"), "/Encounter").finds("ea")
	// Where every other match is closed, pages are full, and the last one has no link.
	walked := []string{}
	for link := "/Provenance?_count=1"; link != ""; {
		page := h.get(a, link).is(200)
		walked = append(walked, page.ids()...)
		link = page.link("next")
	}
	if strings.Join(walked, " ") != "pa" {
		t.Errorf("the pages of Provenance hold %v", walked)
	}
}

func leakElsewhere(t *testing.T, h *house) {
	a, dr := patient(t, "a", everything), doctor(t, "user/*.rs")
	h.get(a, "/Observation?_list=la").finds("oa")
	h.get(a, "/Observation?_list=lb").finds()
	h.get(dr, "/Observation?_list=lb").finds("oa")
	h.get(patient(t, "a", "patient/Observation.rs"), "/Observation?_list=la").is(403)
	h.get(dr, "/Encounter?location:below=Location/floor").finds()
	// A hierarchy is walked through what is open.
	h.put(`Encounter/deep {"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/b"},"partOf":{"reference":"Encounter/eb"}}`,
		`Encounter/mine {"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"partOf":{"reference":"Encounter/deep"}}`,
		`Observation/below {"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/mine"}}`)
	h.get(dr, "/Observation?encounter:below=Encounter/eb").finds("ob", "below")
	h.get(a, "/Observation?encounter:below=Encounter/eb").finds()
	h.get(a, "/Observation?encounter:below=Encounter/deep").finds("below")
	h.get(dr, "/Observation?encounter:above=Encounter/mine").finds("ob", "below")
	h.get(a, "/Observation?encounter:above=Encounter/mine").finds("below")
	// Terminology is the server's own affair: who has no scope for value sets may still search with them.
	narrow := patient(t, "a", "patient/Observation.rs")
	h.get(narrow, "/Observation?status:in=http://hl7.org/fhir/ValueSet/observation-status").finds("oa", "oa2", "below")
	h.get(narrow, "/Observation?_content=secret").finds()
	h.get(dr, "/Observation?_content=secret").finds("ob", "ob2", "other")
}

func leakScopeParsing(t *testing.T, h *house) {
	h.get(patient(t, "a", "patient/Observation.rs"), "/Observation/oa").is(200)
	for _, text := range []string{"patient/Observation.rsx", "xpatient/Observation.rs", "patient/Observation.rs.", "patient/Observation.rs/", "patient/observation.rs", "patient/Observation.sr"} {
		list, _ := smart.ParseScopes(text)
		p := patient(t, "a", "openid")
		p.Scopes = list
		h.get(p, "/Observation/oa").is(403)
	}
	// A scope on one type is none on a type whose name begins with it.
	h.get(patient(t, "a", "patient/Device.rs"), "/DeviceRequest").is(403)
	// Text that was never parsed grants nothing.
	p := patient(t, "a", "openid")
	p.Scopes = smart.Scopes{{Text: "system/*.cruds"}}
	h.get(p, "/Observation/oa").is(403)
}

func leakOperation(t *testing.T, h *house) {
	h.get(backend(t, "system/*.cruds"), "/Observation/$explain?code=1234-5").is(200)
	for _, p := range []*smart.Principal{patient(t, "a", everything), doctor(t, "user/*.cruds"), backend(t, "system/*.rs")} {
		h.get(p, "/Observation/$explain?code=1234-5").is(403)
		h.get(p, "/$explain?url=Observation%3Fcode%3D1").is(403)
		h.do(p, "POST", "/$reindex", "").is(403)
		h.get(p, "/$reindex-status").is(403)
	}
	h.get(nil, "/$reindex-status").is(401)
	h.get(backend(t, "system/*.cruds"), "/$reindex-status").is(200)
	// The URL of an operation as a scope opens it, but nothing that it looks at.
	p := backend(t, "https://andiron.dev/fhir/OperationDefinition/andiron-reindex-status")
	h.do(p, "POST", "/$reindex", "").is(403)
	h.get(p, "/Observation").is(403)
}

package main

import (
	"net/http"
	"strings"
	"testing"
)

const ehrBundle = `{"resourceType":"Bundle","type":"transaction","entry":[
	{"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a","resource":{"resourceType":"Patient","identifier":[{"system":"http://ehr/id","value":"1"}],"name":[{"family":"Roe"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=http://ehr/id|1"}},
	{"fullUrl":"urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059","resource":{"resourceType":"Encounter","status":"planned","class":{"code":"AMB"},"identifier":[{"system":"http://ehr/visit","value":"1"}],"subject":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"}},
		"request":{"method":"POST","url":"Encounter","ifNoneExist":"identifier=http://ehr/visit|1"}},
	{"resource":{"resourceType":"Observation","status":"final","code":{"text":"pulse"},"identifier":[{"system":"http://ehr/obs","value":"1"}],"subject":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"},
		"encounter":{"reference":"urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"}},"request":{"method":"POST","url":"Observation","ifNoneExist":"identifier=http://ehr/obs|1"}}]}`

// TestEHR1 sends the same transaction twice.
func TestEHR1(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	count := func() [3]int {
		return [3]int{s.total(t, "Patient"), s.total(t, "Encounter"), s.total(t, "Observation")}
	}
	first := s.demand(t, 200, "/", ehrBundle)
	if got := count(); got != [3]int{1, 1, 1} || first.Entry[0].Response.Status != "201 Created" {
		t.Fatalf("%v %+v", got, first)
	}
	second := s.demand(t, 200, "/", ehrBundle)
	if got := count(); got != [3]int{1, 1, 1} {
		t.Errorf("%v", got)
	}
	for _, e := range second.Entry {
		if e.Response.Status != "200 OK" {
			t.Errorf("%+v", e)
		}
	}
	s.parallel(t, 10, func(int) int {
		status, _ := s.do(t, http.MethodPost, "/", strings.ReplaceAll(ehrBundle, `"1"`, `"2"`))
		return status
	})
	s.parallel(t, 10, func(int) int {
		status, _ := s.do(t, http.MethodPost, "/", strings.NewReplacer(`"1"`, `"3"`, `|1`, `|3`).Replace(ehrBundle))
		return status
	})
	s.amount(t, 1, "Patient?identifier=http://ehr/id|3")
	s.amount(t, 1, "Observation?identifier=http://ehr/obs|3")
}

// TestEHR2 sends a transaction of which one entry is wrong.
func TestEHR2(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	out := s.demand(t, 400, "/", strings.Replace(ehrBundle, `"status":"final"`, `"status":"no-such-status"`, 1))
	if len(out.Issue) == 0 || len(out.Issue[0].Expression) == 0 || !strings.HasPrefix(out.Issue[0].Expression[0], "Bundle.entry[2]") {
		t.Errorf("%+v", out.Issue)
	}
	// And one that only the rules find wrong.
	out = s.demand(t, 422, "/", strings.Replace(ehrBundle, `"name":[{"family":"Roe"}]`, `"link":[{"type":"replaced-by","other":{"reference":"Patient/x"}}]`, 1))
	if len(out.Issue[0].Expression) == 0 || !strings.HasPrefix(out.Issue[0].Expression[0], "Bundle.entry[0]") {
		t.Errorf("%+v", out.Issue)
	}
	if n := s.total(t, "Patient") + s.total(t, "Encounter") + s.total(t, "Observation"); n != 0 {
		t.Errorf("%d resources are left", n)
	}
}

// TestHospitalMessages sends messages, one of them about an event that nobody here knows.
func TestHospitalMessages(t *testing.T) {
	s := startHospital(t)
	message := func(id, event, patient string) string {
		return `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:0a4d1b9c-3f6e-4c11-8f7c-0123456789ab","resource":{"resourceType":"MessageHeader","id":"` + id + `",` + event + `,"source":{"endpoint":"http://ehr"}}},` + patient + `]}`
	}
	const events, v2 = `"eventCoding":{"system":"http://terminology.hl7.org/CodeSystem/message-events","code":"`, `"eventCoding":{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"`
	who := func(id, value, more string) string {
		return `{"fullUrl":"http://ehr/Patient/` + id + `","resource":{"resourceType":"Patient","id":"` + id + `","identifier":[{"system":"http://ehr/id","value":"` + value + `"}]` + more + `}}`
	}
	for range 2 {
		s.demand(t, 200, "/$process-message", message("m1", events+`admin-notify"}`, who("1", "1", `,"name":[{"family":"Roe"}]`)))
	}
	s.amount(t, 1, "Patient?identifier=http://ehr/id|1")
	s.demand(t, 200, "/$process-message", message("m2", v2+`A04"}`, who("1", "2", "")))
	out := s.demand(t, 422, "/$process-message", message("m3", events+`valueset-expand"}`, who("1", "1", "")))
	if out.Issue[0].Details.Coding[0].Code != "not-supported" {
		t.Errorf("%+v", out.Issue)
	}
	// EHR-3: a message like A40 merges.
	s.demand(t, 200, "/$process-message", message("m4", v2+`A40"}`, who("a", "1", `,"link":[{"type":"replaces","other":{"reference":"Patient/b"}}]`)+`,`+who("b", "2", "")))
	s.amount(t, 1, "Patient?identifier=http://ehr/id|2&active=false")
	s.amount(t, 1, "Patient?link:missing=false&active:not=false&identifier=http://ehr/id|1")
}

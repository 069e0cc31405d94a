package patient_test

import (
	"fmt"
	"strings"
	"testing"
)

// message is a message Bundle; entries are fullUrls and resources.
func message(id, event string, entries ...string) string {
	text := `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"http://ehr/MessageHeader/` + id + `","resource":{"resourceType":"MessageHeader","id":"` + id + `",` + event +
		`,"source":{"endpoint":"http://ehr"},"focus":[{"reference":"Patient/p"}]}}`
	for _, entry := range entries {
		url, r, _ := strings.Cut(entry, " ")
		text += `,{"fullUrl":"` + url + `","resource":` + r + `}`
	}
	return text + `]}`
}

func coded(system, code string) string {
	return `"eventCoding":{"system":"` + system + `","code":"` + code + `"}`
}

const (
	events = "http://terminology.hl7.org/CodeSystem/message-events"
	v2     = "http://terminology.hl7.org/CodeSystem/v2-0003"
	header = "entry.0.resource."
	sent   = `http://ehr/Patient/p {"resourceType":"Patient","id":"p","identifier":[{"system":"http://ehr/id","value":"1"}],"name":[{"family":"Silva"}],"gender":"female"}`
)

func TestAdminNotify(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"other"}`, `{"resourceType":"Practitioner","id":"here","identifier":[{"system":"http://ehr/dr","value":"1"}],"name":[{"text":"Here"}]}`)
	visit := `http://ehr/Encounter/p {"resourceType":"Encounter","id":"p","status":"planned","identifier":[{"system":"http://ehr/visit","value":"1"}],"class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"participant":[{"individual":{"reference":"http://ehr/Practitioner/d"}}]}`
	doctor := `http://ehr/Practitioner/d {"resourceType":"Practitioner","identifier":[{"system":"http://ehr/dr","value":"1"}],"name":[{"text":"There"}]}`
	body := message("m1", coded(events, "admin-notify"), sent, visit, doctor)
	a := h.do("POST", "/$process-message", body)
	a.is(200, "type", "message", header+"response.code", "ok", header+"response.identifier", "m1", header+"destination.0.endpoint", "http://ehr")
	patient := fmt.Sprint(a.at(header + "focus.0.reference"))
	if !strings.HasPrefix(patient, "Patient/") || patient == "Patient/p" {
		t.Fatalf("the focus is %s", patient)
	}
	h.do("GET", "/"+patient, "").is(200, "name.0.family", "Silva", "meta.source", "http://ehr", "meta.versionId", 1)
	h.do("GET", "/Encounter?identifier=http://ehr/visit|1", "").is(200, "total", 1, "entry.0.resource.subject.reference", patient, "entry.0.resource.participant.0.individual.reference", "Practitioner/here")
	h.do("GET", "/Practitioner/here", "").is(200, "name.0.text", "Here", "meta.versionId", 1)
	// The same message again changes nothing; the next one changes what it has, and keeps what it does not know.
	h.do("POST", "/$process-message", body).is(200, header+"response.code", "ok")
	h.do("GET", "/"+patient, "").is(200, "meta.versionId", 1)
	h.put(fmt.Sprintf(`{"resourceType":"Patient","id":"%s","active":true,"identifier":[{"system":"http://ehr/id","value":"1"},{"system":"http://here","value":"2"}],"name":[{"family":"Silva"}],"birthDate":"1985-04-12"}`, strings.TrimPrefix(patient, "Patient/")))
	next := strings.Replace(sent, `"Silva"`, `"Silva-Roe"`, 1)
	h.do("POST", "/$process-message", message("m2", coded(v2, "A08"), next)).is(200, header+"response.code", "ok", header+"focus.0.reference", patient)
	h.do("GET", "/"+patient, "").is(200, "name.0.family", "Silva-Roe", "birthDate", "1985-04-12", "active", true, "identifier.1.value", "2", "identifier.2", nil, "meta.versionId", 3)
	if n := h.total("Patient") + h.total("Encounter"); n != 3 {
		t.Errorf("%d resources", n)
	}
	for _, test := range []struct{ body, detail, at string }{
		{message("m3", coded(events, "admin-notify")), "required", "Bundle.entry"},
		{message("m4", coded(events, "admin-notify"), `http://ehr/Patient/p {"resourceType":"Patient","id":"p"}`), "identifier-missing", "Bundle.entry[1].resource.identifier"},
		{message("m5", coded(events, "admin-notify"), sent, `http://ehr/Encounter/e {"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/none"},"partOf":{"reference":"Encounter?identifier=none"}}`), "", "Bundle.entry[2]"},
	} {
		a := h.do("POST", "/$process-message", test.body).is(200, header+"response.code", "fatal-error")
		if got := fmt.Sprint(a.at("entry.1.resource.issue.0.expression.0")); !strings.HasPrefix(got, test.at) || test.detail != "" && a.at("entry.1.resource.issue.0.details.coding.0.code") != test.detail {
			t.Errorf("%s %s", got, a.text)
		}
	}
	h.put(`{"resourceType":"Patient","id":"q","identifier":[{"system":"http://here","value":"3"}]}`)
	two := strings.Replace(sent, `"value":"1"}`, `"value":"1"},{"system":"http://here","value":"3"}`, 1)
	h.do("POST", "/$process-message", message("m6", coded(events, "admin-notify"), two)).is(200, header+"response.code", "fatal-error", "entry.1.resource.issue.0.code", "multiple-matches")
	h.do("POST", "/$process-message", message("m7", coded(events, "no-such-event"), sent)).detail(422, "not-supported")
	h.do("POST", "/$process-message", message("m8", `"eventUri":"http://x/unknown"`, sent)).detail(422, "not-supported")
}

// TestReconcile: whose word counts is said of each sender, and what this server keeps somebody has to look at.
func TestReconcile(t *testing.T) {
	h := open(t)
	endpoint := func(policies string) string {
		return `{"resourceType":"Endpoint","id":"ehr","status":"active","connectionType":{"code":"hl7-fhir-msg"},"payloadType":[{"text":"any"}],"address":"http://ehr","extension":[` + policies + `]}`
	}
	local := func(wins, elements string) string {
		return `{"url":"https://andiron.dev/fhir/StructureDefinition/source-policy","extension":[{"url":"wins","valueCode":"` + wins + `"}` + elements + `]}`
	}
	element := func(name string) string { return `,{"url":"element","valueString":"` + name + `"}` }
	h.put(endpoint(local("local", element("name")+element("birthDate"))),
		`{"resourceType":"Patient","id":"ana","active":true,"identifier":[{"system":"http://ehr/id","value":"1"}],"name":[{"family":"Silva-Roe"}],"gender":"male"}`)
	const open = "Task?code=reconcile&focus=Patient/ana&status=requested"
	for i := range 2 {
		h.do("POST", "/$process-message", message(fmt.Sprint("m", i), coded(events, "admin-notify"), strings.Replace(sent, `"gender"`, `"birthDate":"1985-04-12","gender"`, 1))).is(200, header+"response.code", "ok", header+"focus.0.reference", "Patient/ana")
		h.do("GET", "/Patient/ana", "").is(200, "name.0.family", "Silva-Roe", "gender", "female", "birthDate", "1985-04-12")
		h.do("GET", "/"+open, "").is(200, "total", 1, "entry.0.resource.contained.0.name.0.family", "Silva", "entry.0.resource.input.1.valueString", "name", "entry.0.resource.input.2", nil)
	}
	h.put(endpoint(local("local", "") + "," + local("external", element("name"))))
	h.do("POST", "/$process-message", message("m3", coded(events, "admin-notify"), strings.Replace(sent, `"female"`, `"other"`, 1))).is(200, header+"response.code", "ok")
	h.do("GET", "/Patient/ana", "").is(200, "name.0.family", "Silva", "gender", "female")
	h.do("GET", "/"+open, "").is(200, "total", 1, "entry.0.resource.input.1.valueString", "gender")
}

func TestObservationProvide(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"here","identifier":[{"system":"http://ehr/id","value":"1"}],"name":[{"family":"Kept"}]}`)
	value := func(n string) string {
		return `http://ehr/Observation/o {"resourceType":"Observation","status":"final","identifier":[{"system":"http://ehr/obs","value":"1"}],"code":{"text":"x"},"subject":{"reference":"http://ehr/Patient/p"},"valueInteger":` + n + `}`
	}
	h.do("POST", "/$process-message", message("m1", coded(events, "observation-provide"), sent, value("1"))).is(200, header+"response.code", "ok", header+"focus.0.reference", "Patient/here")
	h.do("GET", "/Patient/here", "").is(200, "name.0.family", "Kept", "meta.versionId", 1)
	h.do("POST", "/$process-message", message("m2", `"eventUri":"observation-provide"`, sent, value("2"))).is(200, header+"response.code", "ok")
	h.do("GET", "/Observation?subject=Patient/here", "").is(200, "total", 1, "entry.0.resource.valueInteger", 2, "entry.0.resource.meta.versionId", 2)
	h.do("POST", "/$process-message", message("m3", coded(v2, "R01"), sent)).is(200, header+"response.code", "fatal-error")
	said := `urn:uuid:0a4d1b9c-3f6e-4c11-8f7c-0123456789ab {"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/p"},"payload":[{"contentString":"Hello"}]}`
	h.do("POST", "/$process-message", message("m4", coded(events, "notification-convey"), sent, said)).is(200, header+"response.code", "ok")
	h.do("GET", "/Communication?subject=Patient/here", "").is(200, "total", 1, "entry.0.resource.meta.source", "http://ehr")
}

// TestMergeMessage is EHR-3: a message like ADT^A40 does what $merge does.
func TestMergeMessage(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"Patient","id":"ana","active":true`+identified("http://ehr/id", "1")+`}`, `{"resourceType":"Patient","id":"dup","active":true`+identified("http://ehr/id", "2")+`}`, observation("o", "dup"))
	body := message("m1", coded(v2, "A40"), strings.Replace(sent, `"name"`, `"link":[{"type":"replaces","other":{"reference":"Patient/old"}}],"name"`, 1), `http://ehr/Patient/old {"resourceType":"Patient","id":"old","identifier":[{"system":"http://ehr/id","value":"2"}]}`)
	for range 2 { // it may come again
		h.do("POST", "/$process-message", body).is(200, header+"response.code", "ok", header+"focus.0.reference", "Patient/ana")
	}
	h.do("GET", "/Patient/dup", "").is(200, "active", false, "link.0.other.reference", "Patient/ana", "meta.versionId", 2)
	h.do("GET", "/Observation/o", "").is(200, "subject.reference", "Patient/ana")
	h.do("POST", "/$process-message", message("m2", coded(v2, "A40"), sent)).is(200, header+"response.code", "fatal-error", "entry.1.resource.issue.0.code", "required")
	h.do("POST", "/$process-message", strings.Replace(body, `"id":"m1"`, `"id":"m3"`, 1)).is(200, header+"response.code", "fatal-error")
}

// TestMessageScopes: a message may do no more than its sender.
func TestMessageScopes(t *testing.T) {
	h := openGuarded(t)
	body := message("m1", coded(events, "admin-notify"), sent)
	h.as("system/Patient.rs", "", "POST", "/$process-message", body).is(200, header+"response.code", "fatal-error", "entry.1.resource.issue.0.code", "forbidden")
	if n := h.total("Patient"); n != 0 {
		t.Errorf("%d Patients", n)
	}
	h.as("system/Patient.cruds", "", "POST", "/$process-message", body).is(200, header+"response.code", "ok")
}

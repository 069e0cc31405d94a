package patient_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"andiron.dev/resources/number"
	"andiron.dev/smart"
)

const parties = `{"name":"source-patient","valueReference":{"reference":"Patient/dup"}},{"name":"target-patient","valueReference":{"reference":"Patient/ana"}}`

func observation(id, patient string) string {
	return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/` + patient + `"},"performer":[{"reference":"Patient/` + patient + `"}]}`
}

func appointment(id, patient, start, end string) string {
	return `{"resourceType":"Appointment","id":"` + id + `","status":"booked","start":"` + start + `","end":"` + end + `","participant":[{"actor":{"reference":"Patient/` + patient + `"},"status":"accepted"}]}`
}

// toMerge stores two records of one person.
func toMerge(h *hospital) {
	one, two := number.Records("o").Identifier(1), number.Records("o").Identifier(2)
	h.put(`{"resourceType":"Patient","id":"ana","active":true,"name":[{"family":"Silva","given":["Ana"]}],"birthDate":"1985-04-12"`+identified(one.System, one.Value)+`}`,
		`{"resourceType":"Patient","id":"dup","active":true,"name":[{"family":"Sylva","given":["Ana"]}],"birthDate":"1985-04-12","identifier":[{"use":"official","system":"`+two.System+`","value":"`+two.Value+`"},{"system":"http://x","value":"7"}]}`,
		observation("o1", "dup"), observation("o2", "ana"), observation("o3", "dup"),
		`{"resourceType":"Account","id":"acc","status":"active","subject":[{"reference":"Patient/dup"}]}`,
		`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/dup"}},{"entity":{"reference":"Patient/other"}}]}`,
		`{"resourceType":"List","id":"l","status":"current","mode":"working","subject":{"reference":"`+base+`/Patient/dup"},"entry":[{"item":{"reference":"Patient/dup/_history/1"}}]}`,
		`{"resourceType":"Provenance","id":"p","recorded":"2026-01-01T00:00:00Z","target":[{"reference":"Patient/dup"}],"agent":[{"who":{"display":"x"}}]}`,
		appointment("a1", "dup", "2026-03-03T14:00:00Z", "2026-03-03T14:30:00Z"), appointment("a2", "ana", "2026-03-03T14:15:00Z", "2026-03-03T14:45:00Z"), appointment("a3", "dup", "2026-03-03T14:45:00Z", "2026-03-03T15:00:00Z"),
	)
}

func TestMerge(t *testing.T) {
	h := open(t)
	toMerge(h)
	const counts = "parameter.1.resource.issue."
	preview := h.do("POST", "/Patient/$merge", parameters(parties+`,{"name":"preview","valueBoolean":true}`))
	preview.is(200, "parameter.0.name", "input", "parameter.0.resource.parameter.0.name", "source-patient", "parameter.1.name", "outcome", "parameter.2.name", "result",
		counts+"0.details.text", "1 Account", counts+"1.details.text", "2 Appointment", counts+"2.details.text", "1 Group", counts+"3.details.text", "1 List", counts+"4.diagnostics", `{"count":2,"type":"Observation"}`,
		counts+"5.severity", "warning", counts+"5.details.coding.0.code", "patient-overlap", counts+"5.diagnostics", `{"appointments":["Appointment/a1","Appointment/a2"]}`, counts+"6", nil)
	h.do("GET", "/Patient/dup", "").is(200, "meta.versionId", 1, "active", true)
	h.do("GET", "/Observation/o1", "").is(200, "meta.versionId", 1)
	a := h.do("POST", "/Patient/$merge", parameters(parties))
	a.is(200, counts+"4.details.text", "2 Observation", counts+"5.details.coding.0.code", "patient-overlap", "parameter.2.resource.id", "ana", "parameter.2.resource.meta.versionId", 2,
		"parameter.2.resource.link.0.type", "replaces", "parameter.2.resource.identifier.1.use", "old", "parameter.2.resource.identifier.2.value", "7", "parameter.2.resource.name.0.family", "Silva")
	h.do("GET", "/Patient/dup", "").is(200, "active", false, "link.0.type", "replaced-by", "link.0.other.reference", "Patient/ana")
	if n := h.total("Observation?subject=Patient/ana"); n != 3 || h.total("Observation?subject=Patient/dup")+h.total("Observation?performer=Patient/dup") != 0 {
		t.Errorf("%d observations", n)
	}
	h.do("GET", "/Observation/o1", "").is(200, "meta.versionId", 2, "performer.0.reference", "Patient/ana")
	h.do("GET", "/Observation/o2", "").is(200, "meta.versionId", 1)
	h.do("GET", "/Account/acc", "").is(200, "subject.0.reference", "Patient/ana")
	h.do("GET", "/Group/g", "").is(200, "member.0.entity.reference", "Patient/ana", "member.1.entity.reference", "Patient/other")
	h.do("GET", "/List/l", "").is(200, "subject.reference", "Patient/ana", "entry.0.item.reference", "Patient/dup/_history/1")
	h.do("GET", "/Provenance/p", "").is(200, "target.0.reference", "Patient/dup")
	h.do("GET", "/Appointment/a1", "").is(200, "status", "booked", "participant.0.actor.reference", "Patient/ana")
	h.do("POST", "/Patient/$merge", parameters(parties)).detail(422, "already-merged")
	// Who looks for the one finds the other.
	h.do("POST", "/Patient/$match", `{"resourceType":"Patient","identifier":[{"system":"http://x","value":"7"}]}`).is(200, "total", 1, "entry.0.resource.id", "ana")

	p := h.do("GET", "/Provenance?target=Patient/ana&_sort=-_lastUpdated", "").is(200, "entry.0.resource.activity.coding.0.code", "Patient-merge", "entry.0.resource.entity.0.what.reference", "Patient/dup/_history/1")
	merge := fmt.Sprintf(`{"name":"merge-provenance","valueReference":{"reference":"Provenance/%v"}}`, p.at("entry.0.resource.id"))
	h.do("POST", "/Patient/other/$unmerge", parameters(merge)).is(404)
	h.put(`{"resourceType":"Patient","id":"other"}`)
	h.do("POST", "/Patient/other/$unmerge", parameters(merge)).is(404)
	h.do("POST", "/Patient/ana/$unmerge", parameters(`{"name":"merge-provenance","valueReference":{"reference":"Provenance/p"}}`)).is(404)
	h.do("POST", "/Patient/ana/$unmerge", parameters(`{"name":"merge-provenance","valueReference":{"reference":"Patient/ana"}}`)).is(400)
	h.do("POST", "/Patient/ana/$unmerge", parameters(merge+`,{"name":"dry-run","valueBoolean":true}`)).is(200)
	h.put(strings.Replace(observation("o1", "ana"), `"final"`, `"amended"`, 1))
	h.do("POST", "/Patient/ana/$unmerge", parameters(merge)).detail(409, "changed-since").is(409, "issue.0.diagnostics", `{"changed":["Observation/o1"],"count":1}`)
}

func TestUnmerge(t *testing.T) {
	h := open(t)
	toMerge(h)
	h.do("POST", "/Patient/$merge", parameters(parties)).is(200)
	p := h.do("GET", "/Provenance?target=Patient/ana&_sort=-_lastUpdated", "")
	merge := parameters(fmt.Sprintf(`{"name":"merge-provenance","valueReference":{"reference":"Provenance/%v"}}`, p.at("entry.0.resource.id")))
	h.later(30*24*time.Hour + time.Second)
	h.do("POST", "/Patient/dup/$unmerge", merge).detail(422, "unmerge-window")
	h.later(-time.Minute)
	h.do("POST", "/Patient/dup/$unmerge", merge).is(200, "type", "transaction-response", "entry.0.resource.id", "ana", "entry.1.resource.id", "dup")
	h.do("GET", "/Patient/dup", "").is(200, "active", true, "link", nil, "meta.versionId", 3)
	h.do("GET", "/Patient/ana", "").is(200, "link", nil, "identifier.1", nil)
	h.do("GET", "/List/l", "").is(200, "subject.reference", base+"/Patient/dup")
	if n := h.total("Observation?subject=Patient/dup"); n != 2 {
		t.Errorf("%d observations", n)
	}
	h.do("POST", "/Patient/dup/$unmerge", merge).detail(409, "changed-since")
	// The other way round, by identifiers.
	two := number.Records("o").Identifier(2)
	h.do("POST", "/Patient/$merge", parameters(`{"name":"source-patient","valueReference":{"reference":"Patient/ana"}},{"name":"target-patient-identifier","valueIdentifier":{"system":"`+two.System+`","value":"`+two.Value+`"}},
		{"name":"target-patient-identifier","valueIdentifier":{"value":"7"}}`)).is(200, "parameter.2.resource.id", "dup")
}

func TestMergeRefuses(t *testing.T) {
	h := open(t)
	toMerge(h)
	ref := func(name, id string) string {
		return `{"name":"` + name + `","valueReference":{"reference":"Patient/` + id + `"}}`
	}
	id := func(name, value string) string {
		return `{"name":"` + name + `-identifier","valueIdentifier":{"system":"http://x","value":"` + value + `"}}`
	}
	result := func(text string) string {
		return parties + `,{"name":"result-patient","resource":{"resourceType":"Patient",` + text + `}}`
	}
	h.put(`{"resourceType":"Patient","id":"t1"`+identified("http://x", "9")+`}`, `{"resourceType":"Patient","id":"t2"`+identified("http://x", "9")+`}`)
	mrn := number.Records("o").Identifier(1)
	full := `"id":"ana","link":[{"type":"replaces","other":{"reference":"Patient/dup"}}]` + identified(mrn.System, mrn.Value)
	for _, test := range []struct {
		body   string
		status int
		detail string
	}{
		{ref("source-patient", "ana") + "," + ref("target-patient", "ana"), 400, "same-patient"}, {ref("source-patient", "ana"), 400, "required"}, {ref("target-patient", "ana"), 400, "required"},
		{ref("source-patient", "none") + "," + ref("target-patient", "ana"), 404, "not-found"}, {id("source-patient", "8") + "," + ref("target-patient", "ana"), 404, "not-found"},
		{id("source-patient", "9") + "," + ref("target-patient", "ana"), 412, "multiple-matches"}, {ref("source-patient", "ana") + "," + id("source-patient", "7") + "," + ref("target-patient", "t1"), 400, "invalid"},
		{`{"name":"source-patient","valueReference":{"reference":"Group/g"}},` + ref("target-patient", "ana"), 400, "value"}, {`{"name":"source-patient-identifier","valueIdentifier":{"system":"x"}},` + ref("target-patient", "ana"), 400, "value"},
		{result(`"id":"dup"`), 400, "result-patient"}, {result(`"id":"ana"` + identified(mrn.System, mrn.Value)), 400, "result-patient"},
		{result(`"id":"ana","link":[{"type":"replaces","other":{"reference":"Patient/dup"}}]`), 400, "result-patient"}, {result(full + `,"active":false`), 400, "result-patient"},
	} {
		if a := h.do("POST", "/Patient/$merge", parameters(test.body)); a.status != test.status || a.at("issue.0.details.coding.0.code") != test.detail {
			t.Errorf("%s: %d %s", test.body, a.status, a.text)
		}
	}
	third := number.Records("o").Identifier(3)
	h.put(person("t3", identified(third.System, third.Value)))
	h.do("POST", "/Patient/$merge", parameters(result(strings.Replace(full, `"identifier":[`, `"identifier":[{"system":"`+third.System+`","value":"`+third.Value+`"},`, 1)))).detail(409, "identifier-in-use")
	stay := `{"resourceType":"Encounter","id":"%s","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/%s"}}`
	h.put(fmt.Sprintf(stay, "e1", "ana"), fmt.Sprintf(stay, "e2", "dup"))
	h.do("POST", "/Patient/$merge", parameters(parties)).detail(409, "open-stays").is(409, "issue.0.code", "conflict", "issue.0.diagnostics", `{"blocking":["Encounter/e2","Encounter/e1"]}`)
	h.put(strings.Replace(fmt.Sprintf(stay, "e2", "dup"), "in-progress", "finished", 1))
	h.do("GET", "/Patient/dup", "").is(200, "meta.versionId", 1)
	h.do("POST", "/Patient/$merge", parameters(result(full+`,"gender":"female"`))).is(200, "parameter.2.resource.gender", "female", "parameter.2.resource.identifier.1", nil)
}

// TestMergeLater has a merge of many resources carried out beside other requests.
func TestMergeLater(t *testing.T) {
	for name, h := range map[string]*hospital{"open": open(t), "guarded": openGuarded(t)} {
		h.t = t
		t.Run(name, func(t *testing.T) { mergeLater(t, h) })
	}
}

func mergeLater(t *testing.T, h *hospital) {
	do := func(method, path, body string) *answer {
		return h.as("system/*.cruds", "", method, path, body)
	}
	toMerge(h)
	var entries []string
	for i := range 501 {
		id := fmt.Sprintf("many-%d", i)
		entries = append(entries, `{"resource":`+observation(id, "dup")+`,"request":{"method":"PUT","url":"Observation/`+id+`"}}`)
	}
	do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`).is(200)
	a := do("POST", "/Patient/$merge", parameters(parties))
	a.is(202, "parameter.2.name", "task", "parameter.2.resource.status", "in-progress")
	where := a.header.Get("Content-Location")
	if where == "" || a.at("parameter.2.resource.input.0.valueUrl") != where {
		t.Fatalf("%q %s", where, a.text)
	}
	for range 600 {
		if a = do("GET", where, ""); a.status != 202 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	a.is(200)
	if n := h.total("Observation?subject=Patient/ana"); n != 504 || !strings.Contains(a.text, "503 Observation") {
		t.Errorf("%d observations: %s", n, a.text)
	}
	p := do("GET", "/Provenance?target=Patient/ana&_sort=-_lastUpdated&_elements=id", "")
	do("POST", "/Patient/dup/$unmerge", parameters(fmt.Sprintf(`{"name":"merge-provenance","valueReference":{"reference":"Provenance/%v"}}`, p.at("entry.0.resource.id")))).is(200)
	if n := h.total("Observation?subject=Patient/dup"); n != 503 {
		t.Errorf("%d observations", n)
	}
}

// TestMergeScopes: it takes a second factor, or a client that acts for itself, and what goes with the record goes with it.
func TestMergeScopes(t *testing.T) {
	h := openGuarded(t)
	toMerge(h)
	merge := func(scopes, roles string, more ...func(*smart.Principal)) *answer {
		return h.as(scopes, roles, "POST", "/Patient/$merge", parameters(parties), more...)
	}
	merge("patient/*.cruds", "").is(403)
	merge("user/Patient.rs", "front-desk").is(403)
	merge("user/*.cruds", "practitioner").is(403)
	if a := merge("user/Patient.cruds", "front-desk", func(p *smart.Principal) { p.AMR = []string{"pwd"} }); a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_user_authentication") {
		t.Errorf("%d %v", a.status, a.header)
	}
	merge("user/Patient.cruds", "front-desk").is(200, "parameter.1.resource.issue.4.details.text", "2 Observation")
	if n := h.total("Observation?subject=Patient/ana"); n != 3 {
		t.Errorf("%d observations", n)
	}
}

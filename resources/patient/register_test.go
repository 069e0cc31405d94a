package patient_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/resources/number"
	"andiron.dev/smart"
)

const (
	desk = "user/Patient.cruds user/Account.cruds user/Coverage.cruds user/RelatedPerson.cruds user/Consent.cruds user/Organization.rs"
	eva  = `{"name":"patient","resource":{"resourceType":"Patient","name":[{"family":"Moreno","given":["Eva"]}],"gender":"female","birthDate":"1990-07-21","telecom":[{"system":"phone","value":"+1 212 555 0144"}]}}`
	org  = `{"resourceType":"Organization","id":"org-hosp","active":true,"name":"Hospital","type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"prov"}]}]}`
)

func TestRegister(t *testing.T) {
	h := open(t)
	h.put(org)
	a := h.do("POST", "/Patient/$register", parameters(eva+`,
		{"name":"coverage","resource":{"resourceType":"Coverage","status":"active","payor":[{"display":"Acme"}],"period":{"start":"2026-01-01","end":"2026-12-31"}}},
		{"name":"consent","resource":{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"x"}}},
		{"name":"related-person","resource":{"resourceType":"RelatedPerson","name":[{"text":"Mother"}]}}`))
	a.is(200, "type", "transaction-response", "entry.0.response.status", "201 Created", "entry.0.resource.active", "true", "entry.0.resource.managingOrganization.reference", "Organization/org-hosp",
		"entry.0.resource.identifier.0.system", "https://andiron.dev/fhir/sid/mrn/org-hosp", "entry.0.resource.identifier.0.type.coding.0.code", "MR", "entry.1.resource.resourceType", "Account",
		"entry.1.resource.status", "active", "entry.1.resource.type.coding.0.code", "patient", "entry.1.resource.owner.reference", "Organization/org-hosp", "entry.1.resource.coverage.0.priority", 1,
		"entry.2.resource.resourceType", "Coverage", "entry.3.resource.resourceType", "Consent", "entry.4.resource.resourceType", "RelatedPerson")
	id := fmt.Sprint(a.at("entry.0.resource.id"))
	self := "Patient/" + id
	for _, at := range []string{"entry.1.resource.subject.0.reference", "entry.2.resource.beneficiary.reference", "entry.3.resource.patient.reference", "entry.4.resource.patient.reference"} {
		if a.at(at) != self {
			t.Errorf("%s is %v", at, a.at(at))
		}
	}
	if mrn := fmt.Sprint(a.at("entry.0.resource.identifier.0.value")); len(mrn) != 9 || !number.ValidRecord(mrn) {
		t.Errorf("the record number is %s", mrn)
	}
	if n := h.total("Provenance?target=" + self); n != 1 {
		t.Errorf("%d Provenances", n)
	}
	// Again.
	again := h.do("POST", "/Patient/$register", parameters(eva)).detail(409, "possible-duplicate").is(409, "issue.0.code", "duplicate")
	if d := fmt.Sprint(again.at("issue.0.diagnostics")); d != `{"candidates":[{"grade":"probable","patient":"`+self+`"}]}` {
		t.Error(d)
	}
	h.do("POST", "/Patient/$register", parameters(eva+`,{"name":"on-duplicate","valueCode":"return"}`)).is(200, "entry.0.resource.id", id, "entry.0.response.status", "200 OK", "entry.1.resource.resourceType", "Account", "entry.2", nil)
	h.do("POST", "/Patient/$register", parameters(eva+`,{"name":"on-duplicate","valueCode":"create"}`)).detail(400, "reason")
	h.do("POST", "/Patient/$register", parameters(eva+`,{"name":"on-duplicate","valueCode":"merge"}`)).is(400, "issue.0.code", "code-invalid")
	if n := h.total("Patient"); n != 1 {
		t.Fatalf("%d Patients", n)
	}
	b := h.do("POST", "/Patient/$register", parameters(eva+`,{"name":"on-duplicate","valueCode":"create"},{"name":"reason","valueString":"twins"}`)).is(200)
	if n := h.total("Provenance?target=Patient/" + fmt.Sprint(b.at("entry.0.resource.id"))); n != 1 || !strings.Contains(h.do("GET", "/Provenance?_sort=-_lastUpdated&_count=1", "").text, `"twins"`) {
		t.Error("the reason is not in the Provenance")
	}
	// With two alike, nobody can say who is meant.
	h.do("POST", "/Patient/$register", parameters(eva+`,{"name":"on-duplicate","valueCode":"return"}`)).detail(409, "possible-duplicate")
	// A rehearsal leaves nothing.
	other := strings.NewReplacer("Moreno", "Okafor", "1990-07-21", "1971-01-30", "0144", "0199", "Eva", "Chidi").Replace(eva)
	h.do("POST", "/Patient/$register", parameters(other+`,{"name":"dry-run","valueBoolean":true}`)).is(200, "entry.0.resource.name.0.family", "Okafor")
	if n := h.total("Patient"); n != 2 {
		t.Errorf("%d Patients", n)
	}
	first := h.do("POST", "/Patient/$register", parameters(other), "Idempotency-Key: one").is(200)
	second := h.do("POST", "/Patient/$register", parameters(other), "Idempotency-Key: one").is(200)
	if first.text != second.text || !strings.Contains(second.header.Get("Idempotency-Replayed"), "true") {
		t.Errorf("not the same answer:\n%s\n%s", first.text, second.text)
	}
}

func TestRegisterRefuses(t *testing.T) {
	h := open(t)
	with := func(patient, more string) string {
		return parameters(`{"name":"patient","resource":{"resourceType":"Patient"` + patient + `}}` + more)
	}
	const named = `,"name":[{"family":"Roe"}],"birthDate":"1960-02-03"`
	for _, test := range []struct {
		body   string
		status int
		detail string
	}{
		{with(`,"birthDate":"1960-02-03"`, ""), 422, "insufficient-demographics"}, {with(`,"name":[{"family":"Roe"}]`, ""), 422, "insufficient-demographics"},
		{with(`,"name":[{"use":"official"}],"birthDate":"1960-02-03"`, ""), 422, "insufficient-demographics"},
		{with(`,"id":"x"`+named, ""), 400, "invalid"}, {with(named+`,"gender":"x"`, ""), 400, "code-invalid"}, {with(named+`,"nothing":1`, ""), 400, "structure"},
		{with(named+`,"identifier":[{"system":"https://andiron.dev/fhir/sid/mrn/default","value":"000000018"}]`, ""), 422, "mrn-given"},
		{with(named, `,{"name":"coverage","resource":{"resourceType":"Coverage","status":"active","payor":[{"display":"A"}],"period":{"start":"2026-02-01","end":"2026-01-01"}}}`), 422, "bad-period"},
		{with(named, `,{"name":"coverage","resource":{"resourceType":"Coverage","status":"active"}}`), 400, "required"},
		{with(named, `,{"name":"coverage","resource":{"resourceType":"Coverage","status":"active","payor":[{"display":"A"}],"beneficiary":{"reference":"Patient/1"}}}`), 400, "invalid"},
		{with(named, `,{"name":"related-person","resource":{"resourceType":"RelatedPerson","id":"x"}}`), 400, "invalid"},
		{with(named, `,{"name":"managing-organization","valueReference":{"reference":"Organization/none"}}`), 404, "not-found"},
		{with(named, `,{"name":"managing-organization","valueReference":{"reference":"Patient/1"}}`), 400, "value"},
		{with(named, `,{"name":"questionnaire-response","resource":{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://x/none"}}`), 422, "not-supported"},
		{parameters(``), 400, "parameter-missing"}, {with(named, `,{"name":"patient","resource":{"resourceType":"Patient"}}`), 400, "invalid"},
		{with(`,"name":[null]`, ""), 400, "structure"},
	} {
		if a := h.do("POST", "/Patient/$register", test.body); a.status != test.status || a.at("issue.0.details.coding.0.code") != test.detail {
			t.Errorf("%s: %d %s", test.body, a.status, a.text)
		}
	}
	if n := h.total("Patient") + h.total("Account"); n != 0 {
		t.Errorf("%d resources are left", n)
	}
	h.do("POST", "/Patient/$register", with(`,"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"name":[{"text":"Unknown man, blue coat"}]`, "")).
		is(200, "entry.0.resource.identifier.0.system", "https://andiron.dev/fhir/sid/mrn/default")
}

// TestRegisterRace has twenty receptionists register one person, and twenty people at once.
func TestRegisterRace(t *testing.T) {
	h := open(t)
	all := func(body func(i int) string) map[int]int {
		var mu sync.Mutex
		var wg sync.WaitGroup
		statuses := make(map[int]int)
		for i := range 20 {
			wg.Go(func() {
				a := h.do("POST", "/Patient/$register", body(i))
				mu.Lock()
				statuses[a.status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		return statuses
	}
	if got := all(func(int) string { return parameters(eva) }); got[200] != 1 || got[409] != 19 {
		t.Errorf("%v", got)
	}
	got := all(func(i int) string {
		return parameters(fmt.Sprintf(`{"name":"patient","resource":{"resourceType":"Patient","name":[{"family":"%c%cx"}],"birthDate":"19%d-01-01"}}`, 'A'+i, 'z'-i, 20+3*i))
	})
	if got[200] != 20 || h.total("Patient") != 21 || h.total("Account") != 21 {
		t.Errorf("%v", got)
	}
	numbers := regexp.MustCompile(`"value":"(\d{9})"`).FindAllStringSubmatch(h.do("GET", "/Patient?_count=100&_elements=identifier", "").text, -1)
	seen := make(map[string]bool)
	for _, n := range numbers {
		if seen[n[1]] || !number.ValidRecord(n[1]) {
			t.Errorf("%s is given twice, or wrong", n[1])
		}
		seen[n[1]] = true
	}
	if len(seen) != 21 {
		t.Errorf("%d numbers", len(seen))
	}
}

// TestRegisterScopes: §3.9 and §17.2.
func TestRegisterScopes(t *testing.T) {
	h := openGuarded(t)
	h.put(org, `{"resourceType":"Practitioner","id":"desk"}`, `{"resourceType":"PractitionerRole","id":"desk","practitioner":{"reference":"Practitioner/desk"},"organization":{"reference":"Organization/org-hosp"}}`,
		`{"resourceType":"Patient","id":"pat-ana","name":[{"family":"Silva"}]}`)
	register := func(scopes, roles, more string) *answer {
		return h.as(scopes, roles, "POST", "/Patient/$register", parameters(eva+more))
	}
	register("patient/*.cruds", "", "").is(403)
	register("user/Patient.cs", "front-desk", "").is(403)
	register("user/Patient.rs user/Account.cruds", "front-desk", "").is(403)
	register(desk, "nurse", "").is(403)
	register("system/*.cruds", "", "").is(403)
	const coverage = `,{"name":"coverage","resource":{"resourceType":"Coverage","status":"active","payor":[{"display":"Acme"}]}}`
	register("user/Patient.cruds user/Account.cruds", "front-desk", coverage).is(403)
	if n := h.total("Patient"); n != 1 {
		t.Fatalf("%d Patients", n)
	}
	register(desk, "front-desk", coverage).is(200, "entry.0.resource.managingOrganization.reference", "Organization/org-hosp")
	const another = `,{"name":"on-duplicate","valueCode":"create"},{"name":"reason","valueString":"twins"}`
	register(desk, "front-desk", another).is(403)
	register(desk, "front-desk-supervisor", another).is(200)
	register("user/*.cruds", smart.RoleAdmin, another).is(200)
	if a := h.as("system/*.cruds", "", "GET", "/Provenance?_count=10", ""); !strings.Contains(a.text, `"reference":"Practitioner/desk"`) {
		t.Error(a.text)
	}
}

func TestQuestionnaire(t *testing.T) {
	h := open(t)
	const at = `"definition":"http://hl7.org/fhir/StructureDefinition/Patient#Patient.`
	h.put(`{"resourceType":"Questionnaire","id":"intake","url":"http://x/intake","status":"active","item":[
		{"linkId":"n","type":"group",` + at + `name","item":[{"linkId":"n1","type":"string",` + at + `name.family"},{"linkId":"n2","type":"string","repeats":true,` + at + `name.given"}]},
		{"linkId":"b","type":"date",` + at + `birthDate"},{"linkId":"g","type":"choice",` + at + `gender"},{"linkId":"m","type":"choice",` + at + `maritalStatus"},
		{"linkId":"c","type":"group","repeats":true,"item":[{"linkId":"c1","type":"string",` + at + `telecom:any.value"}]},
		{"linkId":"a","type":"group","item":[{"linkId":"a1","type":"string",` + at + `address.city"},{"linkId":"a2","type":"string",` + at + `address.line"}]},
		{"linkId":"x","type":"string","definition":"http://hl7.org/fhir/StructureDefinition/Observation#Observation.value"},{"linkId":"z","type":"string",` + at + `no.such"}]}`)
	item := func(link, value string) string { return `{"linkId":"` + link + `","answer":[` + value + `]}` }
	response := `,{"name":"questionnaire-response","resource":{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://x/intake","item":[
		{"linkId":"n","item":[` + item("n1", `{"valueString":"Ibe"}`) + `,` + item("n2", `{"valueString":"Ada"},{"valueString":"Joy"}`) + `]},` + item("b", `{"valueDate":"1988-08-08"}`) + `,
		` + item("g", `{"valueCoding":{"code":"female"}}`) + `,` + item("m", `{"valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}}`) + `,
		{"linkId":"c","item":[` + item("c1", `{"valueString":"+1 212 555 0161"}`) + `]},{"linkId":"c","item":[` + item("c1", `{"valueString":"ada@example.org"}`) + `]},
		{"linkId":"a","item":[` + item("a1", `{"valueString":"Lagos"}`) + `,` + item("a2", `{"valueString":"1 Main St"}`) + `]}]}}`
	a := h.do("POST", "/Patient/$register", parameters(`{"name":"patient","resource":{"resourceType":"Patient","gender":"other"}}`+response))
	const p = "entry.0.resource."
	a.is(200, p+"name.0.family", "Ibe", p+"name.0.given.1", "Joy", p+"birthDate", "1988-08-08", p+"gender", "other", p+"maritalStatus.coding.0.code", "M", p+"telecom.0.system", "phone",
		p+"telecom.1.value", "ada@example.org", p+"telecom.1.system", "email", p+"address.0.city", "Lagos", p+"address.0.line.0", "1 Main St", "entry.2.resource.resourceType", "QuestionnaireResponse",
		"entry.2.resource.subject.reference", fmt.Sprint("Patient/", a.at("entry.0.resource.id")))
	h.do("POST", "/Patient/$register", parameters(`{"name":"patient","resource":{"resourceType":"Patient"}}`+response)).detail(409, "possible-duplicate")
	h.do("POST", "/Patient/$register", parameters(`{"name":"patient","resource":{"resourceType":"Patient"}},{"name":"questionnaire-response","resource":{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q",
		"contained":[{"resourceType":"Questionnaire","id":"q","status":"active","item":[{"linkId":"1","type":"string","text":"How are you?"}]}]}}`)).detail(422, "not-supported")
}

// TestDefinitions: the definitions are valid, can be read, and say what scopes they need.
func TestDefinitions(t *testing.T) {
	h := open(t)
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	check, n := gate.New(spec), 0
	for _, d := range h.Registry().Operations() {
		switch d.Code {
		case "match", "register", "merge", "unmerge":
		default:
			continue
		}
		n++
		if o := check.Check(d.Resource.Root()); o != nil {
			t.Errorf("%s: %v", d.Code, o)
		}
		if !strings.Contains(d.Resource.Body(), smart.OperationScopes) {
			t.Errorf("%s says nothing of scopes", d.Code)
		}
		h.do("GET", "/OperationDefinition/"+d.Resource.ID(), "").is(200, "code", d.Code)
	}
	if n != 4 {
		t.Errorf("%d operations", n)
	}
}

package encounter_test

import (
	"strings"
	"testing"
	"time"
)

func override(code string) string {
	return `{"name":"override","part":[{"name":"blocker","valueCode":"` + code + `"},{"name":"reason","valueString":"the patient insists"}]}`
}

// TestBlockers: each kind of thing that a discharge may wait for is found, and says whether it has to be done.
func TestBlockers(t *testing.T) {
	h := furnished(t)
	h.put(`{"resourceType":"Organization","id":"org","extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/discharge-policy","extension":[
		{"url":"blocker","extension":[{"url":"code","valueCode":"invoice-unpaid"},{"url":"severity","valueCode":"required"},{"url":"overridable-by","valueCode":"biller"}]},
		{"url":"blocker","extension":[{"url":"code","valueCode":"dispense-pending"},{"url":"severity","valueCode":"required"}]}]}]}`,
		`{"resourceType":"Account","id":"acc","status":"active","subject":[{"reference":"Patient/ana"}]}`,
		`{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/ana"},"serviceProvider":{"reference":"Organization/org"},
			"account":[{"reference":"Account/acc"}],"location":[{"location":{"reference":"Location/bed-101"},"status":"active"}]}`)
	of := `"subject":{"reference":"Patient/ana"},"encounter":{"reference":"Encounter/e"}`
	for _, c := range []struct{ code, severity, resource string }{
		{"task-open", "required", `{"resourceType":"Task","id":"x1","status":"requested","intent":"order","encounter":{"reference":"Encounter/e"},"owner":{"reference":"Patient/ana"},"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/step-required","valueBoolean":true}]}`},
		{"task-open", "advisory", `{"resourceType":"Task","id":"x2","status":"requested","intent":"order","encounter":{"reference":"Encounter/e"}}`},
		{"return-pending", "advisory", `{"resourceType":"Task","id":"x3","status":"requested","intent":"order","encounter":{"reference":"Encounter/e"},"code":{"coding":[{"code":"return"}]}}`},
		{"order-active", "required", `{"resourceType":"MedicationRequest","id":"x4","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},` + of + `}`},
		{"order-active", "required", `{"resourceType":"ServiceRequest","id":"x5","status":"active","intent":"order",` + of + `}`},
		{"specimen-pending", "advisory", `{"resourceType":"Specimen","id":"x6","status":"available","subject":{"reference":"Patient/ana"},"request":[{"reference":"ServiceRequest/x5"}]}`},
		{"specimen-pending", "advisory", `{"resourceType":"DiagnosticReport","id":"x7","status":"preliminary","code":{"text":"x"},"specimen":[{"display":"blood"}],` + of + `}`},
		{"result-unacknowledged", "required", `{"resourceType":"Observation","id":"x8","status":"final","code":{"text":"x"},"interpretation":[{"coding":[{"code":"HH"}]}],` + of + `}`},
		{"dispense-pending", "required", `{"resourceType":"MedicationDispense","id":"x9","status":"in-progress","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/ana"},"context":{"reference":"Encounter/e"}}`},
		{"procedure-unfinished", "required", `{"resourceType":"Procedure","id":"x10","status":"in-progress",` + of + `}`},
		{"charge-unbilled", "required", `{"resourceType":"ChargeItem","id":"x11","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/ana"},"context":{"reference":"Encounter/e"}}`},
		{"invoice-unpaid", "required", `{"resourceType":"Invoice","id":"x12","status":"issued","account":{"reference":"Account/acc"}}`},
		{"claim-missing-info", "advisory", `{"resourceType":"Claim","id":"x13","status":"draft","type":{"text":"x"},"use":"claim","patient":{"reference":"Patient/ana"},"created":"2026-05-04","provider":{"display":"x"},"priority":{"text":"x"},
			"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}],"item":[{"sequence":1,"productOrService":{"text":"x"},"encounter":[{"reference":"Encounter/e"}]}]}`},
		{"bed-period-overlap", "required", `{"resourceType":"Encounter","id":"x14","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/ben"},"period":{"start":"2026-05-01","end":"2026-05-20"},
			"location":[{"location":{"reference":"Location/bed-101"},"status":"completed","period":{"start":"2026-05-01","end":"2026-05-20"}}]}`},
	} {
		h.put(c.resource)
		id := c.resource[strings.Index(c.resource, `"id":"`)+6:]
		id = id[:strings.IndexByte(id, '"')]
		found := ""
		for _, one := range strings.Split(h.do("GET", "/Encounter/e/$discharge-readiness", "").is(200, `{"name":"ready","valueBoolean":false}`).text, `{"name":"blocker"`) {
			if strings.Contains(one, "/"+id+`"`) {
				found = one
			}
		}
		if !strings.Contains(found, `"valueCode":"`+c.code+`"`) || !strings.Contains(found, `"valueCode":"`+c.severity+`"`) {
			t.Errorf("%s %s %s: %s", id, c.code, c.severity, found)
		}
	}
	h.do("GET", "/Encounter/e/$discharge-readiness", "").is(200, "summary-missing", "reconciliation-missing", `{"name":"owner","valueReference":{"reference":"Patient/ana"}}`, `{"name":"overridable-by","valueCode":"biller"}`)
	a := h.do("POST", "/Encounter/e/$discharge", params(toHome)).is(422, `"expression":["Task/x1"]`, `"expression":["Invoice/x12"]`)
	if n := strings.Count(a.text, "discharge-blocked"); n != 9 {
		t.Errorf("%d issues: %s", n, a.text)
	}
	h.put(`{"resourceType":"Task","id":"seen","status":"completed","intent":"order","focus":{"reference":"Observation/x8"}}`)
	h.do("GET", "/Encounter/e/$discharge-readiness", "").is(200).without("result-unacknowledged")
}

// TestDischarge: what comes of one.
func TestDischarge(t *testing.T) {
	h := furnished(t)
	h.put(`{"resourceType":"HealthcareService","id":"follow","name":"Follow-up","type":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"followup"}]}]}`)
	a := h.admit("ana", "bed-101").is(200)
	id := a.id("Encounter")
	of := `"subject":{"reference":"Patient/ana"},"encounter":{"reference":"Encounter/` + id + `"}`
	h.put(`{"resourceType":"MedicationRequest","id":"stop","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},`+of+`}`,
		`{"resourceType":"MedicationRequest","id":"goes-on","status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/discharge-decision","valueCode":"continue"}],`+of+`}`)
	h.pass(24 * time.Hour)
	path := "/Encounter/" + id + "/$discharge"
	h.do("POST", path, params(toHome)).is(422, "order-active", "MedicationRequest/stop").without("goes-on")
	h.do("POST", path, params(toHome, override("no-such"))).is(400, "code-invalid")
	h.do("POST", path, params(toHome, `{"name":"at","valueDateTime":"2026-05-04T09:00:00Z"}`, override("order-active"))).is(409, "period-overlap")
	h.do("POST", path, params(toHome, `{"name":"at","valueDateTime":"2026-06-04T09:00:00Z"}`, override("order-active"))).is(409, "period-overlap")
	follow := func(after, within string) string {
		return `{"name":"follow-up","part":[` + ref("service", "HealthcareService/follow") + `,{"name":"after","valueDuration":{"value":` + after + `,"code":"d","system":"http://unitsofmeasure.org","unit":"days"}},
			{"name":"within","valueDuration":{"value":` + within + `,"unit":"days"}},{"name":"reason","valueString":"check the wound"}]}`
	}
	h.do("POST", path, params(toHome, override("order-active"), follow("14", "7"))).is(400)
	h.do("POST", path, params(toHome, override("order-active"), `{"name":"dry-run","valueBoolean":true}`)).is(200, "dry run")
	h.bed("bed-101", "O")
	h.do("POST", path, params(toHome, override("order-active"), follow("7", "14"), `{"name":"instructions","valueMarkdown":"Drink < 2 l & rest"}`)).is(200,
		"discharge-override", "the patient insists", `"requestedPeriod":[{"end":"2026-05-19T10:00:00Z","start":"2026-05-12T10:00:00Z"}]`, `"status":"proposed"`, "check the wound", "Drink &lt; 2 l &amp; rest")
	h.do("GET", "/MedicationRequest/stop", "").is(200, `"status":"stopped"`)
	h.do("GET", "/MedicationRequest/goes-on", "").is(200, `"status":"active"`)
	h.do("GET", "/Appointment?status=proposed&patient=ana", "").is(200, `"total":1`)
	h.do("GET", "/ServiceRequest?encounter="+id, "").is(200, `"total":1`, `"occurrencePeriod"`)
	h.do("GET", "/Composition?encounter="+id, "").is(200, `"total":1`, "MedicationRequest/goes-on")
	h.pass(time.Minute)
	e := "/Encounter/" + h.admit("ben", "bed-102").is(200).id("Encounter")
	h.do("POST", e+"/$discharge", params(strings.Replace(toHome, "home", "exp", 1), follow("7", "14"))).is(400)
	h.do("POST", e+"/$discharge", params(strings.Replace(toHome, "home", "exp", 1))).is(200, `"deceasedDateTime":"2026-05-05T10:01:00Z"`)
	h.admit("ben", "bed-103").is(422, "deceased")
}

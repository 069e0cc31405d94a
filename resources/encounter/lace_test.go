package encounter_test

import (
	"fmt"
	"testing"
	"time"
)

// TestReadmission is the golden case of domain.md §13.3: five days, acute, heart failure and diabetes, two emergency visits are 12, and 0.1688.
func TestReadmission(t *testing.T) {
	h := furnished(t)
	for i, code := range []string{"I50.9", "E11.9", "Z00.0"} {
		h.put(fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","subject":{"reference":"Patient/ana"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"%s"}]},
			"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}`, i, code))
	}
	h.put(`{"resourceType":"Condition","id":"healed","subject":{"reference":"Patient/ana"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"22298006"}]},
		"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]}}`)
	for i, day := range []string{"2026-02-01", "2026-04-01", "2025-10-01", "2026-05-10"} { // the third is too long ago, the last to come
		h.put(fmt.Sprintf(`{"resourceType":"Encounter","id":"ed%d","status":"finished","class":{"code":"EMER"},"subject":{"reference":"Patient/ana"},"period":{"start":"%s","end":"%s"}}`, i, day, day))
	}
	e := h.admit("ana", "bed-101", `{"name":"admit-source","valueCodeableConcept":{"coding":[{"code":"emd"}]}}`).is(200).id("Encounter")
	h.pass(5 * 24 * time.Hour)
	h.do("POST", "/Encounter/"+e+"/$discharge", params(toHome)).is(200)
	h.do("GET", "/RiskAssessment?encounter="+e, "").is(200, `"total":1`, `"probabilityDecimal":0.1688`, `"code":"high"`, "LACE 12:", "congestive heart failure").without("healed", "ed2", "ed3")
	e = h.admit("ben", "bed-102").is(200).id("Encounter")
	h.do("POST", "/Encounter/"+e+"/$discharge", params(toHome)).is(200, `"probabilityDecimal":0.0200`, `"code":"low"`)
}

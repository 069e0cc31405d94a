package encounter_test

import (
	"strings"
	"testing"
)

// TestDefinitions: they are valid, say who may call, and can be read.
func TestDefinitions(t *testing.T) {
	h := open(t)
	n := 0
	for _, d := range h.Registry().Operations() {
		if !d.For("Encounter") && !d.For("Location") || !strings.HasPrefix(d.URL(""), "https://andiron.dev/fhir/OperationDefinition/") || d.For("Patient") {
			continue
		}
		n++
		if o := h.gate.Check(d.Resource.Root()); o != nil {
			t.Errorf("%s: %v", d.Code, o)
		}
		if !strings.Contains(d.Resource.Body(), "/StructureDefinition/operation-scope") {
			t.Errorf("%s says nothing of scopes", d.Code)
		}
		h.do("GET", "/OperationDefinition/"+d.Resource.ID(), "").is(200)
	}
	if n < 11 {
		t.Errorf("%d operations", n)
	}
}

// TestDryRun: a rehearsal tells what would be, and nothing of it stays.
func TestDryRun(t *testing.T) {
	h := furnished(t)
	h.admit("ana", "bed-101", `{"name":"dry-run","valueBoolean":true}`).is(200, `"status":"in-progress"`, "dry run", `"resourceType":"RequestGroup"`)
	h.bed("bed-101", "U")
	for _, typ := range []string{"Encounter", "Account", "Task", "RequestGroup", "CarePlan"} {
		h.do("GET", "/"+typ+"?_summary=count", "").is(200, `"total":0`)
	}
	h.admit("ana", "bed-101").is(200, "V20260504-0001") // no number was used up
}

// TestProvenance: what an operation has written is told, and that nothing was written is not.
func TestProvenance(t *testing.T) {
	h := furnished(t)
	e := h.admit("ana", "bed-101").is(200).id("Encounter")
	h.do("GET", "/Provenance?target=Encounter/"+e, "").is(200, `"total":1`, `"code":"admit"`, `Encounter/`+e+`/_history/1"`, `Location/bed-101/_history/2"`)
	h.do("POST", "/Encounter/"+e+"/$leave", "").is(200)
	h.do("POST", "/Encounter/"+e+"/$leave", "").is(200)
	h.do("GET", "/Provenance?_summary=count", "").is(200, `"total":2`)
}

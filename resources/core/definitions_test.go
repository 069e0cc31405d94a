package core_test

import (
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
)

// TestDefinitions: the definitions are R4's, valid, can be read, and say what scopes they need.
func TestDefinitions(t *testing.T) {
	h := open(t)
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	check, n := gate.New(spec), 0
	for _, d := range h.Registry().Operations() {
		at := slices.IndexFunc(spec.Operations(), func(o *r4.Operation) bool { return o.URL == d.URL("") })
		if at < 0 {
			continue
		}
		official := spec.Operations()[at]
		n++
		if o := check.Check(d.Resource.Root()); o != nil {
			t.Errorf("%s: %v", d.Code, o)
		}
		if official.Code != d.Code || official.System != d.System || official.Type != d.Type || official.Instance != d.Instance || strings.Join(official.Resource, " ") != strings.Join(d.Types, " ") {
			t.Errorf("%s is not called as R4 has it", d.Code)
		}
		var own []fhir.OperationParameter
		for _, p := range d.Parameters {
			if p.Name != fhir.DryRun {
				own = append(own, p)
			}
		}
		if len(own) != len(official.Parameters) {
			t.Errorf("%s has %d parameters", d.Code, len(own))
			continue
		}
		for i, p := range official.Parameters {
			if o := own[i]; o.Name != p.Name || o.Out != p.Out || o.Min != p.Min || o.Type != p.Type || o.Max != p.Max && (o.Max != -1 || p.Max != r4.Unbounded) {
				t.Errorf("%s: the parameter %s is %+v, want %+v", d.Code, p.Name, o, p)
			}
		}
		if !strings.Contains(d.Resource.Body(), "/StructureDefinition/operation-scope") {
			t.Errorf("%s says nothing of scopes", d.Code)
		}
		h.do("GET", "/OperationDefinition/"+d.Resource.ID(), "").is(200, "url", d.URL(""))
	}
	if n != 14 {
		t.Errorf("%d operations of R4", n)
	}
	metadata := h.do("GET", "/metadata", "").text
	for _, code := range []string{"everything", "meta", "meta-add", "meta-delete", "versions", "lastn", "stats", "document", "graph", "process-message", "convert", "validate"} {
		if !strings.Contains(metadata, `{"name":"`+code+`","definition":"http://hl7.org/fhir/OperationDefinition/`) {
			t.Errorf("$%s is not announced", code)
		}
	}
}

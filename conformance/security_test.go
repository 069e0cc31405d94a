package conformance_test

import (
	"strings"
	"testing"

	"andiron.dev/conformance"
	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
)

// TestStatementSaysWhereToGetTokens: what clients of SMART 1 read, only where there is something behind it, in a form that the gate takes.
func TestStatementSaysWhereToGetTokens(t *testing.T) {
	h := open(t)
	s := &conformance.Statement{Registry: h.server.Registry(), Spec: h.spec, Params: h.params, Version: "1", SMART: true}
	text := s.Capability("https://h.example/r4/fhir").Body()
	for _, want := range []string{
		`"code":"SMART-on-FHIR"`, `"cors":true`, `{"url":"authorize","valueUri":"https://h.example/r4/auth/authorize"}`, `{"url":"token","valueUri":"https://h.example/r4/auth/token"}`,
		`{"url":"manage","valueUri":"https://h.example/r4/auth/manage"}`, "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	root, err := fhir.Parse(text, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if o := gate.New(h.spec).Check(root); o != nil {
		t.Error(o)
	}
	s.ReadOnly = []string{"AuditEvent"}
	_, written, _ := strings.Cut(s.Capability("https://h.example/fhir").Body(), `{"type":"AuditEvent"`)
	written, _, _ = strings.Cut(written, `"searchParam"`)
	if strings.Contains(written, `"create"`) || strings.Contains(written, `"delete"`) || !strings.Contains(written, `"read"`) {
		t.Errorf("what only the server writes: %s", written)
	}
	if s.SMART = false; strings.Contains(s.Capability("https://h.example/fhir").Body(), `"security"`) {
		t.Error("a server without authorization says that it has some")
	}
}

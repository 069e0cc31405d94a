package audit_test

import (
	"context"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

const provenance = `X-Provenance: {"resourceType":"Provenance","recorded":"2024-05-01T12:00:00Z","agent":[{"who":{"reference":"Practitioner/ada"}}],"target":[{"reference":"Patient/nonsense"}]}`

// sources are the Provenance resources that were written, in order.
func (h *hospital) sources() (list []fhir.Element) {
	h.t.Helper()
	events, err := h.inner.Events(h.t.Context(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == "Provenance" {
			list = append(list, e.Resource.Root())
		}
	}
	return list
}

// TestProvenance: what comes in X-Provenance is stored with what the request writes, and says what that was.
func TestProvenance(t *testing.T) {
	h := open(t)
	from := h.ward()
	h.must("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","gender":"female"}`, provenance)
	h.must("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Patient","id":"e"},"request":{"method":"PUT","url":"Patient/e"}},
		{"resource":{"resourceType":"Patient","id":"f"},"request":{"method":"PUT","url":"Patient/f"}},
		{"request":{"method":"DELETE","url":"Observation/o2"}}]}`, provenance)
	h.must("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","gender":"female"}`, provenance) // nothing is written
	var got []string
	for _, p := range h.sources() {
		got = append(got, strings.TrimSpace(codes(p, "target", "reference")))
		if o := h.gate.Check(p); o != nil {
			t.Error(o)
		}
		if tag := codes(p, "meta", "tag"); tag != "" {
			t.Errorf("%s is tagged %s", p.Raw(), tag)
		}
	}
	if want := "Patient/a/_history/2, Observation/o2/_history/2 Patient/e/_history/1 Patient/f/_history/1"; strings.Join(got, ", ") != want {
		t.Errorf("targets %v, want %s", got, want)
	}
	events := h.events(from)
	if len(events) != 3 || !strings.Contains(line(events[0]), "create Provenance/") || strings.Contains(line(events[2]), "Provenance") {
		t.Errorf("the trail tells %v", events)
	}
}

// TestProvenanceAgent: a Provenance whose agents are not who sent it is marked.
func TestProvenanceAgent(t *testing.T) {
	for agent, flagged := range map[string]bool{
		`{"reference":"Practitioner/ada"}`: false, `{"reference":"http://localhost/fhir/Practitioner/ada"}`: false, `{"identifier":{"value":"u1"}}`: false, `{"identifier":{"value":"ehr"}}`: false,
		`{"reference":"Practitioner/eve"}`: true, `{"identifier":{"value":"u2"}}`: true, `{"display":"Ada"}`: true,
	} {
		h := open(t)
		h.must("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`,
			`X-Provenance: {"resourceType":"Provenance","meta":{"tag":[{"system":"urn:x","code":"kept"},{"system":"https://andiron.dev/fhir/CodeSystem/provenance-flag","code":"forged"}]},"recorded":"2024-05-01T12:00:00Z","agent":[{"who":`+agent+`}]}`)
		want := "kept"
		if flagged {
			want = "kept unverified-agent"
		}
		if got := h.sources(); len(got) != 1 || codes(got[0], "meta", "tag") != want {
			t.Errorf("%s: %v", agent, got)
		}
	}
	h := open(t)
	h.who = nil
	h.must("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`, provenance)
	if got := h.sources(); len(got) != 1 || codes(got[0], "meta", "tag") != "unverified-agent" {
		t.Errorf("nobody: %v", got)
	}
}

// TestProvenanceRefused: a header that cannot be honoured stops the write.
func TestProvenanceRefused(t *testing.T) {
	h := open(t)
	h.ward()
	h.who = &smart.Principal{Subject: "client:x", ClientID: "x"}
	for _, test := range []struct {
		method, path, body, header string
		want                       fhir.IssueType
	}{
		{"PUT", "/Patient/z", `{"resourceType":"Patient","id":"z"}`, `{"resourceType":"Provenance"}`, fhir.Required},
		{"PUT", "/Patient/z", `{"resourceType":"Patient","id":"z"}`, `{"resourceType":"Provenance","recorded":"yesterday","agent":[{"who":{"display":"x"}}]}`, fhir.Value},
		{"PUT", "/Patient/z", `{"resourceType":"Patient","id":"z"}`, `{"resourceType":"Patient"}`, fhir.Invalid},
		{"GET", "/Patient/a", "", `{"resourceType":"Provenance"}`, fhir.Invalid},
		{"POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a"}}]}`, `{"resourceType":"Provenance"}`, fhir.Invalid},
	} {
		from := h.count()
		if a := h.do(test.method, test.path, test.body, "X-Provenance: "+test.header); fhir.CodeOf(a.err) != test.want {
			t.Errorf("%s with %s: %v, want %s", test.method, test.header, a.err, test.want)
		}
		if got := h.events(from); len(got) != 1 || got[0].Outcome != 4 {
			t.Errorf("%s with %s: %d events", test.method, test.header, len(got))
		}
	}
	if _, err := h.read("Patient", "z"); fhir.CodeOf(err) != fhir.NotFound || len(h.sources()) != 0 {
		t.Errorf("%v", err)
	}
}

// TestProvenanceKeepsToRules: what comes in X-Provenance is held against rules like what is sent; what it was to tell of stands or falls with it.
func TestProvenanceKeepsToRules(t *testing.T) {
	h := open(t)
	registry := fhir.NewRegistry()
	registry.Rule(fhir.Rule{Type: "Provenance", Check: func(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
		if c.After.Root().Get("activity").Exists() {
			return nil, fhir.NewOutcome(fhir.BusinessRule, "not so")
		}
		return nil, nil
	}})
	h.rules.Attach(registry)
	h.must("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`, provenance)
	refused := strings.Replace(provenance, `"recorded"`, `"activity":{"text":"x"},"recorded"`, 1)
	for _, send := range [][3]string{
		{"PUT", "/Patient/b", `{"resourceType":"Patient","id":"b"}`}, {"POST", "/Patient", `{"resourceType":"Patient"}`}, {"DELETE", "/Patient/a", ""},
		{"POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}}]}`},
	} {
		if a := h.do(send[0], send[1], send[2], refused); fhir.CodeOf(a.err) != fhir.BusinessRule {
			t.Errorf("%s %s: %v", send[0], send[1], a.err)
		}
	}
	if got := h.sources(); len(got) != 1 {
		t.Errorf("%d were written", len(got))
	}
	if a := h.do("GET", "/Patient/b", ""); fhir.CodeOf(a.err) != fhir.NotFound {
		t.Errorf("what was refused is there: %v", a.err)
	}
	if a := h.do("GET", "/Patient/a", ""); a.err != nil {
		t.Errorf("what was refused was deleted: %v", a.err)
	}
}

package core_test

import (
	"context"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

const composition = `{"resourceType":"Composition","id":"c","status":"final","type":{"text":"note"},"date":"2024-01-01","title":"Note","subject":{"reference":"Patient/a"},"author":[{"reference":"Practitioner/p"}],` +
	`"section":[{"title":"s","entry":[{"reference":"Observation/o"},{"reference":"#x"}]}],"contained":[{"resourceType":"Basic","id":"x","code":{"text":"x"}}]}`

func (h *hospital) notes() {
	h.put(`{"resourceType":"Organization","id":"org"}`, `{"resourceType":"Patient","id":"a","managingOrganization":{"reference":"Organization/org"}}`, `{"resourceType":"Patient","id":"b"}`,
		`{"resourceType":"Practitioner","id":"p"}`, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`,
		`{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`, composition)
}

func TestDocument(t *testing.T) {
	h := open(t)
	h.notes()
	a := h.do("GET", "/Composition/c/$document", "")
	a.is(200, "type", "document", "timestamp", "2024-05-01T10:00:00.000Z", "identifier.system", "urn:ietf:rfc:3986", "entry.0.fullUrl", "http://localhost/fhir/Composition/c", "id", nil)
	if got := a.entries(""); got != "Composition/c Patient/a Practitioner/p Observation/o Organization/org" {
		t.Error(got)
	}
	for _, id := range []string{"c", "Composition/c", "http://localhost/fhir/Composition/c"} {
		h.do("GET", "/Composition/$document?id="+id, "").is(200, "entry.0.resource.id", "c")
	}
	a = h.do("POST", "/Composition/c/$document", parameters(`{"name":"persist","valueBoolean":true}`))
	a.is(200)
	id, _ := a.at("id").(string)
	if location := a.header.Get("Location"); id == "" || !strings.HasPrefix(location, "http://localhost/fhir/Bundle/"+id) {
		t.Errorf("stored under %q, at %q", id, location)
	}
	h.do("GET", "/Bundle/"+id, "").is(200, "type", "document", "entry.0.resource.id", "c")
	h.put(`{"resourceType":"GraphDefinition","id":"g","url":"http://x/g","name":"g","status":"active","start":"Composition","link":[{"path":"Composition.subject","target":[{"type":"Patient"}]}]}`)
	if got := h.do("GET", "/Composition/c/$document?graph=http://x/g", "").entries(""); got != "Composition/c Patient/a" {
		t.Error(got)
	}
	for url, status := range map[string]int{
		"/Composition/c/$document?persist=true": 405, "/Composition/c/$document?id=c": 400, "/Composition/$document": 400, "/Composition/none/$document": 404, "/Composition/$document?id=http://elsewhere/Composition/c": 400,
		"/Composition/c/$document?graph=http://x/none": 404, "/Patient/a/$document": 404,
	} {
		h.do("GET", url, "").is(status)
	}
	h.do("DELETE", "/Observation/o", "")
	h.do("GET", "/Composition/c/$document", "").is(422, "issue.0.code", "business-rule")
}

func TestGraph(t *testing.T) {
	h := open(t)
	h.notes()
	definition := func(id, links string) string {
		return `{"resourceType":"GraphDefinition","id":"` + id + `","url":"http://x/` + id + `","name":"g","status":"active","start":"Composition","link":[` + links + `]}`
	}
	h.put(definition("deep", `{"path":"Composition.subject","min":1,"max":"1","target":[{"type":"Patient","link":[{"path":"Patient.managingOrganization"},{"target":[{"type":"Observation","params":"patient={ref}"}]}]}]}`),
		definition("few", `{"path":"Composition.author","min":2,"target":[{"type":"Practitioner"}]}`),
		definition("many", `{"target":[{"type":"Observation","params":"status=final"}],"max":"1"}`),
		definition("apart", `{"path":"Composition.section.entry","target":[{"type":"Observation","compartment":[{"use":"condition","code":"Patient","rule":"identical"}]}]}`),
		definition("strange", `{"path":"Composition.section.entry","target":[{"type":"Observation","compartment":[{"use":"requirement","code":"Patient","rule":"different"}]}]}`),
		definition("wrong", `{"path":"Composition.("}`), definition("loop", `{"path":"Composition.subject","target":[{"type":"Patient","link":[{"target":[{"type":"Composition","params":"subject={ref}","link":[{"path":"Composition.subject"}]}]}]}]}`))
	for graph, want := range map[string]string{
		"http://x/deep": "Composition/c Patient/a Organization/org Observation/o Observation/o2", "deep": "Composition/c Patient/a Organization/org Observation/o Observation/o2",
		"GraphDefinition/apart": "Composition/c Observation/o", "http://x/loop": "Composition/c Patient/a",
	} {
		a := h.do("GET", "/Composition/c/$graph?graph="+graph, "")
		a.is(200, "parameter.0.name", "result", "parameter.0.resource.type", "collection")
		bundle := *a
		bundle.body = a.at("parameter.0.resource")
		if got := bundle.entries(""); got != want {
			t.Errorf("%s: %s, want %s", graph, got, want)
		}
	}
	for url, status := range map[string]int{"/Composition/c/$graph": 400, "/Composition/c/$graph?graph=none": 404, "/Composition/c/$graph?graph=few": 422, "/Composition/c/$graph?graph=many": 422,
		"/Composition/c/$graph?graph=strange": 422, "/Composition/c/$graph?graph=wrong": 400, "/Patient/a/$graph?graph=deep": 400, "/Composition/none/$graph?graph=deep": 404, "/$graph?graph=deep": 404} {
		h.do("GET", url, "").is(status)
	}
}

// pings is a module that carries messages out.
type pings struct{}

func (pings) Register(r *fhir.Registry) error {
	if err := r.Message(fhir.MessageEvent{Code: "http://x/busy"}, func(context.Context, *fhir.Message) (*fhir.MessageReply, error) {
		return nil, fhir.NewOutcome(fhir.Transient, "later")
	}); err != nil {
		return err
	}
	if err := r.Message(fhir.MessageEvent{System: "http://x", Code: "wrong"}, func(context.Context, *fhir.Message) (*fhir.MessageReply, error) {
		return nil, fhir.NewOutcome(fhir.Invalid, "never")
	}); err != nil {
		return err
	}
	return r.Message(fhir.MessageEvent{System: "http://x", Code: "ping"}, func(_ context.Context, m *fhir.Message) (*fhir.MessageReply, error) {
		r, err := fhir.ParseResource(`{"resourceType":"Basic","id":"pong","code":{"text":"`+m.Header.Get("id").Text()+`"}}`, fhir.Limits{})
		return &fhir.MessageReply{Focus: []string{"Basic/pong"}, Resources: []*fhir.Resource{r}}, err
	})
}

func TestProcessMessage(t *testing.T) {
	h := open(t, pings{})
	message := func(event string) string {
		return `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:0a4d1b9c-3f6e-4c11-8f7c-0123456789ab","resource":{"resourceType":"MessageHeader","id":"m1",` + event + `,"source":{"endpoint":"http://client"}}}]}`
	}
	const header = "entry.0.resource."
	a := h.do("POST", "/$process-message", message(`"eventCoding":{"system":"http://x","code":"ping"}`))
	a.is(200, "type", "message", header+"response.identifier", "m1", header+"response.code", "ok", header+"eventCoding.code", "ping", header+"focus.0.reference", "Basic/pong", "entry.1.resource.code.text", "m1",
		header+"source.endpoint", "http://localhost/fhir/$process-message", header+"destination.0.endpoint", "http://client")
	h.do("POST", "/$process-message", message(`"eventCoding":{"system":"http://x","code":"other"}`)).is(422, "issue.0.code", "business-rule", "issue.0.details.coding.0.code", "not-supported")
	a = h.do("POST", "/$process-message", message(`"eventCoding":{"system":"http://x","code":"wrong"}`))
	a.is(200, header+"response.code", "fatal-error", "entry.1.resource.resourceType", "OperationOutcome", "entry.1.resource.issue.0.code", "invalid", header+"response.details.reference", a.at("entry.1.fullUrl"))
	h.do("POST", "/$process-message", message(`"eventUri":"http://x/busy"`)).is(200, header+"response.code", "transient-error", header+"eventUri", "http://x/busy")
	for body, status := range map[string]int{
		`{"resourceType":"Bundle","type":"collection"}`: 400, `{"resourceType":"Bundle","type":"message"}`: 400, `{"resourceType":"Patient"}`: 400, ``: 400,
		strings.Replace(message(`"eventUri":"http://x/busy"`), `"id":"m1",`, ``, 1): 400,
	} {
		h.do("POST", "/$process-message", body).is(status)
	}
	h.do("POST", "/$process-message?async=true", message(`"eventUri":"http://x/busy"`)).is(400, "issue.0.code", "not-supported")
	h.do("GET", "/$process-message", "").is(405)
	if err := (pings{}).Register(h.Registry()); err == nil {
		t.Error("an event has two handlers")
	}
}

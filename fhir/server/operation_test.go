package server_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
)

// echo is a module with an operation that tells what it was given.
type echo struct{}

func (echo) Register(r *fhir.Registry) error {
	const definition = `{"resourceType":"OperationDefinition","id":"echo","url":"http://example.org/OperationDefinition/echo","name":"Echo","status":"active","kind":"operation","code":"echo",
		"system":true,"type":false,"instance":true,"resource":["Patient"],"affectsState":false,"parameter":[
		{"name":"flag","use":"in","min":0,"max":"1","type":"boolean"},
		{"name":"count","use":"in","min":0,"max":"*","type":"integer"},
		{"name":"weight","use":"in","min":0,"max":"1","type":"decimal"},
		{"name":"day","use":"in","min":0,"max":"1","type":"date"},
		{"name":"who","use":"in","min":0,"max":"1","type":"Reference"},
		{"name":"subject","use":"in","min":0,"max":"1","type":"DomainResource"},
		{"name":"pair","use":"in","min":0,"max":"2","part":[{"name":"key","use":"in","min":1,"max":"1","type":"string"},{"name":"value","use":"in","min":0,"max":"1","type":"Any"}]},
		{"name":"return","use":"out","min":1,"max":"1","type":"Parameters"}]}`
	return r.Operation(definition, func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		return &fhir.Response{Resource: fhir.NewParameters().Text("heard", "string", describe(req.Input)+"@"+req.Type+"/"+req.ID).Resource()}, nil
	})
}

func describe(in fhir.Parameters) string {
	parts := make([]string, len(in))
	for i, p := range in {
		parts[i] = fmt.Sprintf("%s:%s=%s", p.Name, p.Type, p.Value.Text())
		if len(p.Parts) > 0 {
			parts[i] += "(" + describe(p.Parts) + ")"
		}
	}
	return strings.Join(parts, " ")
}

// TestOperationInput: an operation gets its parameters as its definition has them, wherever they stand, or is not called.
func TestOperationInput(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Modules = []fhir.Module{echo{}} })
	for _, test := range []struct{ query, body, want string }{ // want is what was heard, or an issue code
		{"", "", "@/"},
		{"flag=true&count=1&count=-2&weight=1.10&day=2024-05", "", "flag:boolean=true count:integer=1 count:integer=-2 weight:decimal=1.10 day:date=2024-05@/"},
		{"flag=true&_format=json&_pretty=false", "", "flag:boolean=true@/"},
		{"count=1", `"parameter":[{"name":"count","valueInteger":2}]`, "count:integer=2 count:integer=1@/"},
		{"", `"parameter":[{"name":"who","valueReference":{"reference":"Patient/1"}}]`, "who:Reference=@/"},
		{"", `"parameter":[{"name":"pair","part":[{"name":"key","valueString":"a"},{"name":"value","valueCoding":{"code":"b"}}]},{"name":"pair","part":[{"name":"key","valueString":"c"}]}]`,
			"pair:=(key:string=a value:Coding=) pair:=(key:string=c)@/"},
		{"", `"parameter":[{"name":"subject","resource":{"resourceType":"Patient","active":true}}]`, "subject:Patient=@/"},
		{"flag=yes", "", "value"},
		{"flag=true%2C%22x%22%3Atrue", "", "value"},
		{"flag=", "", "value"},
		{"count=1.5", "", "value"},
		{"count=1%7D%2C%7B%22name%22%3A%22count%22%2C%22valueInteger%22%3A2", "", "value"},
		{"weight=1e5", "", "weight:decimal=1e5@/"},
		{"day=2024-02-30", "", "value"},
		{"flag=true&flag=false", "", "invalid"},
		{"who=Patient/1", "", "who:Reference=@/"},
		{"subject=x", "", "invalid"},
		{"none=x", "", "invalid"},
		{"flag:not=x", "", "invalid"},
		{"return=x", "", "invalid"},
		{"", `"parameter":[{"name":"flag","valueString":"true"}]`, "value"},
		{"", `"parameter":[{"name":"flag","part":[{"name":"flag","valueBoolean":true}]}]`, "value"},
		{"", `"parameter":[{"name":"subject","resource":{"resourceType":"Binary","contentType":"text/plain"}}]`, "value"},
		{"", `"parameter":[{"name":"subject","resource":{"resourceType":"Patient","actiev":true}}]`, "structure"},
		{"", `"parameter":[{"name":"pair","part":[{"name":"value","valueString":"b"}]}]`, "required"},
		{"", `"parameter":[{"name":"pair","part":[{"name":"key","valueString":"a"},{"name":"other","valueString":"b"}]}]`, "invalid"},
		{"", `"parameter":[{"name":"pair","valueString":"a"}]`, "value"},
		{"", `"parameter":[{"name":"secret name"}]`, "invalid"},
	} {
		method, body := "GET", ""
		if test.body != "" {
			method, body = "POST", `{"resourceType":"Parameters",`+test.body+`}`
		}
		w := h.do(method, "/$echo?"+test.query, body)
		got := w.Body.String()
		if w.Code == 200 && !strings.Contains(got, `"valueString":"`+test.want+`"`) || w.Code == 400 && !strings.Contains(got, `"code":"`+test.want+`"`) || w.Code != 200 && w.Code != 400 {
			t.Errorf("%s %s %s: %d %s; want %s", method, test.query, body, w.Code, got, test.want)
		}
		if query, err := url.QueryUnescape(test.query); err != nil || w.Code != 200 && (strings.Contains(got, "secret") || len(query) > 20 && strings.Contains(got, query)) {
			t.Errorf("%s: the answer repeats what was sent: %s", test.query, got)
		}
	}
	// The one resource that the operation takes may be the body.
	if w := h.do("POST", "/Patient/7/$echo", `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`); w.Code != 200 || !strings.Contains(w.Body.String(), "subject:Observation=@Patient/7") {
		t.Errorf("a resource as the body: %d %s", w.Code, w.Body)
	}
	if w := h.do("POST", "/$echo", `{"resourceType":"Binary","contentType":"text/plain"}`); w.Code != 400 {
		t.Errorf("a resource of another kind as the body: %d %s", w.Code, w.Body)
	}
	if log := h.log.String(); !strings.Contains(log, `"operation":"echo"`) {
		t.Errorf("the log does not name the operation: %s", log)
	}
}

package interaction_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/interaction"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// desk is a pipeline of interactions over an empty store, without HTTP.
type desk struct {
	testing.TB
	*interaction.Interactions
	registry *fhir.Registry
}

// Decoding and compiling once makes the fuzzer ten times as fast.
var (
	decoded  = sync.OnceValues(r4.Decode)
	compiled = sync.OnceValue(func() *search.Params {
		spec, _ := decoded()
		return search.NewParams(spec, nil)
	})
)

func open(t testing.TB, configure ...func(*interaction.Interactions)) *desk {
	t.Helper()
	spec, err := decoded()
	if err != nil {
		t.Fatal(err)
	}
	params := compiled()
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Unsafe: true})
	t.Cleanup(func() { _ = store.Close() })
	sealer, err := search.NewSealer(search.NewKey(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var ids atomic.Int64
	x := &interaction.Interactions{
		Store: store, Spec: spec, Gate: gate.New(spec), Params: params, Seal: sealer, Parse: rest.Parse,
		NewID:        func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
		Capabilities: func(string, string) (*fhir.Resource, error) { return nil, fhir.NewOutcome(fhir.NotSupported, "no") },
	}
	for _, c := range configure {
		c(x)
	}
	d := &desk{TB: t, Interactions: x, registry: fhir.NewRegistry()}
	if err := x.Register(d.registry); err != nil {
		t.Fatal(err)
	}
	x.Handler = fhir.Chain(d.registry, x.Known, x.Subset, x.Check)
	return d
}

// ask sends a request through the pipeline, as "METHOD url".
func (d *desk) ask(line, body string, configure ...func(*fhir.Request)) (*fhir.Response, error) {
	d.Helper()
	method, url, _ := strings.Cut(line, " ")
	req, err := rest.Parse(method, url, "http://x/fhir")
	if err != nil {
		d.Fatal(err)
	}
	req.Base = "http://x/fhir"
	switch {
	case req.Interaction == fhir.Patch:
		req.Patch = &fhir.PatchBody{MediaType: "application/json-patch+json", Text: body}
	case body != "":
		if req.Resource, err = fhir.ParseResource(body, fhir.Limits{}); err != nil {
			return nil, err
		}
		if req.Interaction == fhir.Transaction && req.Resource.Root().Get("type").Text() == "batch" {
			req.Interaction = fhir.Batch
		}
	}
	for _, c := range configure {
		c(req)
	}
	return d.Handler.Serve(context.Background(), req)
}

// want asks and reports an outcome other than the code that is wanted; "" = success.
func (d *desk) want(code fhir.IssueType, line, body string, configure ...func(*fhir.Request)) *fhir.Response {
	d.Helper()
	resp, err := d.ask(line, body, configure...)
	if got := fhir.CodeOf(err); got != code {
		d.Errorf("%s: got %q (%v), want %q", line, got, err, code)
	}
	return resp
}

func TestBodiesThatAreMissing(t *testing.T) {
	d := open(t)
	d.want(fhir.Required, "PUT Patient/a", "")
	d.want(fhir.Required, "POST Patient", "")
	d.want(fhir.Required, "PATCH Patient/a", "", func(r *fhir.Request) { r.Patch = nil })
	d.want(fhir.NotFound, "GET Human/a", "")
	d.want(fhir.Invalid, "GET ?_type=Human", "")
	d.want(fhir.NotSupported, "GET metadata", "")
}

func TestMaxEntries(t *testing.T) {
	d := open(t, func(x *interaction.Interactions) { x.MaxEntries = 3 })
	entry := `{"request":{"method":"GET","url":"Patient/a"}}`
	for _, typ := range []string{"batch", "transaction"} {
		d.want(fhir.TooCostly, "POST /", `{"resourceType":"Bundle","type":"`+typ+`","entry":[`+strings.Repeat(entry+",", 3)+entry+`]}`)
	}
	d.want("", "POST /", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Repeat(entry+",", 2)+entry+`]}`)
}

// many stores n patients, numbered from 0, in one transaction.
func (d *desk) many(n int) {
	d.Helper()
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"p%d","active":true,"link":[{"other":{"reference":"Patient/hub"},"type":"seealso"}]},"request":{"method":"PUT","url":"Patient/p%d"}}`, i, i)
	}
	d.want("", "POST /", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
}

// TestMaxDelete: a condition that hits too much deletes nothing.
func TestMaxDelete(t *testing.T) {
	d := open(t)
	d.many(1001)
	d.want(fhir.MultipleMatches, "DELETE Patient?active=true", "")
	if resp := d.want("", "GET Patient?active=true&_summary=count", ""); resp.Bundle.Total != 1001 {
		t.Errorf("%d patients are left of 1001", resp.Bundle.Total)
	}
	d.want("", "DELETE Patient/p7", "")
	d.want("", "DELETE Patient?active=true", "")
	if resp := d.want("", "GET Patient?active=true&_summary=count", ""); resp.Bundle.Total != 0 {
		t.Errorf("%d patients are left", resp.Bundle.Total)
	}
}

// TestMaxIncluded: a page says that it has left something out.
func TestMaxIncluded(t *testing.T) {
	d := open(t)
	d.want("", "PUT Patient/hub", `{"resourceType":"Patient","id":"hub"}`)
	d.many(1001)
	resp := d.want("", "GET Patient?_id=hub&_revinclude=Patient:link", "")
	last := resp.Bundle.Entries[len(resp.Bundle.Entries)-1]
	if len(resp.Bundle.Entries) != 1+1000+1 || last.Mode != fhir.ModeOutcome || !strings.Contains(last.Resource.Body(), "too-costly") {
		t.Errorf("%d entries, the last is %s", len(resp.Bundle.Entries), last.Resource.Body())
	}
}

// TestIncludes: what cannot be included is left out: what is deleted, was never there, or lives elsewhere.
func TestIncludes(t *testing.T) {
	d := open(t)
	d.want("", "PUT Patient/a", `{"resourceType":"Patient","id":"a","active":true}`)
	d.want("", "PUT Patient/a", `{"resourceType":"Patient","id":"a","active":false}`)
	d.want("", "PUT Patient/gone", `{"resourceType":"Patient","id":"gone"}`)
	d.want("", "DELETE Patient/gone", "")
	for i, subject := range []string{"Patient/a", "Patient/a", "Patient/gone", "Patient/never", "http://elsewhere/Patient/a", "Patient/a/_history/1"} {
		d.want("", fmt.Sprintf("PUT Basic/%d", i), fmt.Sprintf(`{"resourceType":"Basic","id":"%d","code":{"text":"x"},"subject":{"reference":"%s"}}`, i, subject))
	}
	included := func(query string) (list []string) {
		for _, e := range d.want("", "GET "+query, "").Bundle.Entries {
			if e.Mode == fhir.ModeInclude {
				list = append(list, e.Resource.Reference()+"/"+e.Resource.VersionID())
			}
		}
		return list
	}
	for query, want := range map[string]string{
		"Basic?_id=0,1,2,3,4&_include=Basic:subject":         "[Patient/a/2]",
		"Basic?_id=5&_include=Basic:subject":                 "[Patient/a/1]",
		"Basic?_id=0&_include=*":                             "[Patient/a/2]",
		"Basic?_id=0&_include=Basic:subject:Practitioner":    "[]",
		"Basic?_id=0&_include=Observation:subject":           "[]",
		"Basic?_id=2&_include=Basic:subject":                 "[]",
		"Patient?_id=a&_revinclude=Basic:subject":            "[Basic/0/1 Basic/1/1 Basic/5/1]",
		"Patient?_id=a&_revinclude=Basic:*":                  "[Basic/0/1 Basic/1/1 Basic/5/1]",
		"Patient?_id=a&_revinclude=Basic:subject:Group":      "[]",
		"Patient?_id=a&_revinclude=Basic:subject&_count=0":   "[]",
		"Patient?_id=none&_revinclude=Basic:subject":         "[]",
		"Basic?_id=0&_include=Basic:subject&_elements=code":  "[Patient/a/2]",
		"Basic?_id=0,1&_include=Basic:subject&_include=*":    "[Patient/a/2]",
		"Patient?_id=a&_revinclude=Basic:subject&_include=*": "[Basic/0/1 Basic/1/1 Basic/5/1]",
	} {
		if got := fmt.Sprint(included(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestPanicInBatch: an entry that brings the server to its knees fails alone.
func TestPanicInBatch(t *testing.T) {
	d := open(t)
	d.registry.Handle(fhir.Operation, func(context.Context, *fhir.Request) (*fhir.Response, error) { panic("Ann") })
	resp := d.want("", "POST /", `{"resourceType":"Bundle","type":"batch","entry":[
		{"request":{"method":"POST","url":"$boom"}},
		{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`)
	first, second := resp.Bundle.Entries[0], resp.Bundle.Entries[1]
	if fhir.CodeOf(first.Err) != fhir.Exception || strings.Contains(first.Err.Error(), "Ann") || !strings.Contains(first.Err.Error(), "TestPanicInBatch") {
		t.Errorf("%v", first.Err)
	}
	if second.Err != nil || second.Response.Result != fhir.Created {
		t.Errorf("%+v", second)
	}
}

// TestOperationInTransaction: an operation gets its body and the transaction's Tx.
func TestOperationInTransaction(t *testing.T) {
	d := open(t)
	const definition = `{"resourceType":"OperationDefinition","id":"op","url":"http://example.org/OperationDefinition/op","name":"Op","status":"active","kind":"operation","code":"op",
		"system":false,"type":false,"instance":true,"resource":["Patient"],"affectsState":false}`
	err := d.registry.Operation(definition, func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		r, err := req.Tx.Read(ctx, "Patient", "a")
		if err != nil {
			return nil, err
		}
		if req.Resource.Type() != "Parameters" {
			return nil, fhir.NewOutcome(fhir.Invalid, "no parameters")
		}
		return &fhir.Response{Resource: r}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	resp := d.want("", "POST /", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Parameters"},"request":{"method":"POST","url":"Patient/a/$op"}},
		{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}}]}`)
	if got := resp.Bundle.Entries[0].Response.Resource; got == nil || got.ID() != "a" {
		t.Errorf("%+v", got)
	}
}

// TestConditionsMeanTheSame: the guard of a condition does not depend on how it is written, or racing clients that write it
// differently would both create.
func TestConditionsMeanTheSame(t *testing.T) {
	d := open(t)
	create := func(condition string) fhir.Result {
		return d.want("", "POST Patient", `{"resourceType":"Patient","active":true,"identifier":[{"system":"urn:mrn","value":"1"}]}`, func(r *fhir.Request) { r.Condition = &condition }).Result
	}
	if got := create("identifier=urn:mrn|1&active=true"); got != fhir.Created {
		t.Errorf("first: %v", got)
	}
	for _, same := range []string{"active=true&identifier=urn:mrn|1", "identifier=urn%3Amrn%7C1&active=true&active=true", "?identifier=urn:mrn|1", "Patient?identifier=urn:mrn|1", "_format=json&identifier=urn:mrn|1&_pretty=true"} {
		if got := create(same); got != fhir.OK {
			t.Errorf("%s: %v", same, got)
		}
	}
	for bad, code := range map[string]fhir.IssueType{
		"": fhir.Invalid, "?": fhir.Invalid, "identifier": fhir.Invalid, "colour=red": fhir.NotSupported, "identifier=%zz": fhir.Invalid, "_count=5": fhir.Invalid, "name:bad=x": fhir.NotSupported,
		strings.Repeat("active=true&", 101): fhir.TooCostly,
	} {
		d.want(code, "POST Patient", `{"resourceType":"Patient"}`, func(r *fhir.Request) { r.Condition = &bad })
	}
}

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestOperationLeavesEvidence: what an operation has written is told of by one Provenance that names who asked, and one AuditEvent; a
// dry run and a refusal leave no Provenance.
func TestOperationLeavesEvidence(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock")
	all := newCaller(t, s, store, "warehouse", "system/*.cruds")
	put := func(resource string) {
		t.Helper()
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(resource), &r); err != nil {
			t.Fatal(err)
		}
		if status, body := all.send(t, http.MethodPut, "/"+r.ResourceType+"/"+r.ID, resource); status != 201 {
			t.Fatalf("%d %s", status, body)
		}
	}
	put(`{"resourceType":"Patient","id":"ana"}`)
	put(prepare)
	put(`{"resourceType":"PlanDefinition","id":"rule","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"alarm"}],"definitionCanonical":"http://example.org/prepare"}]}`)
	sources := func() (list []string) {
		t.Helper()
		status, body := all.send(t, http.MethodGet, "/Provenance", "")
		var found struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal([]byte(body), &found); err != nil || status != 200 {
			t.Fatalf("%d %v %s", status, err, body)
		}
		for _, e := range found.Entry {
			list = append(list, string(e.Resource))
		}
		return list
	}
	raise := func(more string) (int, string) {
		return all.send(t, http.MethodPost, "/PlanDefinition/$raise-event", `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"alarm"}`+more+`,{"name":"focus","valueReference":{"reference":"Patient/ana"}}]}`)
	}
	if status, body := raise(`,{"name":"dry-run","valueBoolean":true}`); status != 200 || len(sources()) != 0 {
		t.Errorf("a dry run: %d %s %v", status, body, sources())
	}
	if status, body := raise(`,{"name":"other","valueString":"x"}`); status != 400 || len(sources()) != 0 {
		t.Errorf("a refusal: %d %s %v", status, body, sources())
	}
	status, body := raise("")
	if status != 200 || !strings.Contains(body, `"valueInteger":1`) {
		t.Fatalf("%d %s", status, body)
	}
	list := sources()
	if len(list) != 1 {
		t.Fatalf("%v", list)
	}
	for _, want := range []string{`"reference":"Task/`, `/_history/1"`, `"code":"raise-event"`, `"value":"warehouse"`, `{"role":"source","what":{"reference":"Patient/ana"}}`, `"code":"performer"`} {
		if !strings.Contains(list[0], want) {
			t.Errorf("%s is not in %s", want, list[0])
		}
	}
	// Evidence stays, for operations too.
	var p struct{ ID string }
	if err := json.Unmarshal([]byte(list[0]), &p); err != nil {
		t.Fatal(err)
	}
	if status, body := all.send(t, http.MethodPost, "/Provenance/"+p.ID+"/$meta-add", `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}]}`); status != 405 || !strings.Contains(body, "create-only") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := all.send(t, http.MethodGet, "/AuditEvent?subtype=raise-event", ""); status != 200 || !strings.Contains(body, "warehouse") {
		t.Errorf("%d %s", status, body)
	}
}

// TestOperationInTransactionNeedsItsScope: an entry that is an operation is checked as if it had come alone, before anything is written.
func TestOperationInTransactionNeedsItsScope(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart")
	all, maker := newCaller(t, s, store, "warehouse", "system/*.cruds"), newCaller(t, s, store, "maker", "system/Patient.crs")
	const (
		urn    = "urn:uuid:6f1d7a4e-8f0c-4c53-8f7e-0d5a8f7a1a11"
		create = `{"fullUrl":"` + urn + `","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}`
		put    = `{"resource":{"resourceType":"Patient","id":"ana"},"request":{"method":"PUT","url":"Patient/ana"}}`
		mark   = `{"resource":{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}]},"request":{"method":"POST","url":"Patient/ana/$meta-add"}}`
		read   = `{"request":{"method":"GET","url":"Patient/ana"}}`
	)
	bundle := func(entries ...string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`
	}
	if status, body := maker.send(t, http.MethodPost, "/", bundle(create, mark)); status != 403 || !strings.Contains(body, `"Bundle.entry[1]`) {
		t.Errorf("without the scope: %d %s", status, body)
	}
	if status, body := all.send(t, http.MethodGet, "/Patient?_summary=count", ""); status != 200 || !strings.Contains(body, `"total":0`) {
		t.Errorf("%d %s", status, body)
	}
	status, body := all.send(t, http.MethodPost, "/", bundle(read, mark, put))
	if status != 200 || strings.Count(body, `"tag":[{"code":"x"}]`) != 2 || strings.Contains(body, "0001-01-01") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := all.send(t, http.MethodGet, "/Patient/ana", ""); status != 200 || !strings.Contains(body, `"code":"x"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := all.send(t, http.MethodPost, "/", bundle(create, `{"request":{"method":"POST","url":"$reindex"}}`)); status != 400 || !strings.Contains(body, `"Bundle.entry[1].request.url"`) {
		t.Errorf("what cannot be part of a transaction: %d %s", status, body)
	}
}

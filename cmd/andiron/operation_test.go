package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// defined is what an OperationDefinition says that matters to routing.
type defined struct {
	ID, Code, URL          string
	System, Type, Instance bool
	AffectsState           bool
	Resource               []string
	Extension              []struct{ URL, ValueString string }
	Parameter              []struct {
		Name, Use, Type string
		Min             int
	}
}

func (d *defined) path(level string) string {
	typ := "Patient"
	if len(d.Resource) > 0 && d.Resource[0] != "Resource" && d.Resource[0] != "DomainResource" {
		typ = d.Resource[0]
	}
	switch level {
	case "system":
		return "/$" + d.Code
	case "type":
		return "/" + typ + "/$" + d.Code
	}
	return "/" + typ + "/some-id/$" + d.Code
}

// TestEveryOperation walks all operations that the CapabilityStatement announces: their definitions can be read, and what they say is what
// the server does.
func TestEveryOperation(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	s.do(t, http.MethodPut, "/Patient/some-id", `{"resourceType":"Patient","id":"some-id"}`)
	for _, d := range announced(t, func(t *testing.T, method, path, body string) (int, string) { return s.do(t, method, path, body) }) {
		t.Run(d.ID, func(t *testing.T) { s.walk(t, d) })
	}
}

// announced are the operations of the CapabilityStatement, by their definitions where it says that those are.
func announced(t *testing.T, do func(t *testing.T, method, path, body string) (int, string)) (list []*defined) {
	t.Helper()
	status, body := do(t, http.MethodGet, "/metadata", "")
	type announced struct{ Name, Definition string }
	var statement struct {
		Rest []struct {
			Operation []announced
			Resource  []struct{ Operation []announced }
		}
	}
	if err := json.Unmarshal([]byte(body), &statement); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v", status, err)
	}
	all := make(map[announced]bool)
	for _, rest := range statement.Rest {
		for _, o := range rest.Operation {
			all[o] = true
		}
		for _, r := range rest.Resource {
			for _, o := range r.Operation {
				all[o] = true
			}
		}
	}
	if len(all) < 3 {
		t.Fatalf("%d operations are announced", len(all))
	}
	for o := range all {
		d := &defined{}
		place := o.Definition[strings.LastIndexByte(o.Definition, '/')+1:]
		status, body := do(t, http.MethodGet, "/OperationDefinition/"+place, "")
		if err := json.Unmarshal([]byte(body), d); status != http.StatusOK || err != nil || d.Code != o.Name || d.URL != o.Definition {
			t.Errorf("%s: its definition %s: %d %v %s", o.Name, o.Definition, status, err, d.URL)
			continue
		}
		list = append(list, d)
	}
	return list
}

func (s *running) walk(t *testing.T, d *defined) {
	const none = `{"resourceType":"Parameters"}`
	required, dry := false, false
	for _, p := range d.Parameter {
		required = required || p.Use == "in" && p.Min > 0
		dry = dry || p.Use == "in" && p.Name == "dry-run" && p.Type == "boolean"
	}
	if own := strings.HasPrefix(d.URL, s.url); own && d.AffectsState && !dry {
		t.Error("it changes something and has no dry run")
	}
	for level, at := range map[string]bool{"system": d.System, "type": d.Type, "instance": d.Instance} {
		path := d.path(level)
		if !at {
			// Another operation of the same code may be at this level; then this one is not what answers.
			if status, body := s.do(t, http.MethodPost, path, none); status != 404 && status != 405 && !strings.Contains(body, "parameter") {
				t.Errorf("POST %s: %d %s", path, status, body)
			}
			continue
		}
		if status, body := s.do(t, http.MethodPost, path, `{"resourceType":"Parameters","parameter":[{"name":"no-such-parameter","valueString":"x"}]}`); status != 400 || !strings.Contains(body, `"code":"invalid"`) ||
			!strings.Contains(body, `Parameters.parameter[0].name`) || !strings.Contains(body, "outcome-detail") {
			t.Errorf("POST %s with an unknown parameter: %d %s", path, status, body)
		}
		if k := s.must(t, "lenient "+level, http.MethodPost, path, `{"resourceType":"Parameters","parameter":[{"name":"no-such-parameter","valueString":"x"}]}`, "Prefer: handling=lenient"); k.status < 300 && !strings.Contains(k.body, `"severity":"warning"`) ||
			k.status >= 300 && strings.Contains(k.body, "parameter-unknown") {
			t.Errorf("POST %s with an unknown parameter, leniently: %+v", path, k)
		}
		if required {
			if status, body := s.do(t, http.MethodPost, path, none); status != 400 || !strings.Contains(body, `"code":"required"`) {
				t.Errorf("POST %s without what it requires: %d %s", path, status, body)
			}
		}
		if d.AffectsState {
			if status, body := s.do(t, http.MethodGet, path, ""); status != 405 {
				t.Errorf("GET %s: %d %s", path, status, body)
			}
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
			if method == http.MethodDelete && d.Code == "async-status" { // it cancels
				continue
			}
			if status, body := s.do(t, method, path, none); status != 405 {
				t.Errorf("%s %s: %d %s", method, path, status, body)
			}
		}
	}
}

// TestEveryOperationNeedsItsScope: with a token for something else no operation can be called, but for those that are for whoever has one.
func TestEveryOperationNeedsItsScope(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + filepath.Join(dir, "store")
	s := startServer(t, "serve", "--store", store, "--auth", "smart")
	all, narrow := newCaller(t, s, store, "warehouse", "system/*.cruds"), newCaller(t, s, store, "device", "system/Basic.rs")
	list := announced(t, all.send)
	const none = `{"resourceType":"Parameters"}`
	refused := 0
	for _, d := range list {
		open := false // to whoever has a token: what comes of it is for the store to say
		for _, e := range d.Extension {
			if e.URL == "https://andiron.dev/fhir/StructureDefinition/operation-scope" && (e.ValueString == "any" || e.ValueString == "anyone") {
				open = true
			}
		}
		for level, at := range map[string]bool{"system": d.System, "type": d.Type, "instance": d.Instance} {
			if !at {
				continue
			}
			status, body := narrow.send(t, http.MethodPost, d.path(level), none)
			if !open && (status != 403 || !strings.Contains(body, `"code":"forbidden"`)) || open && status == 403 {
				t.Errorf("%s of %s: %d %s", d.ID, level, status, body)
			}
			if status == 403 {
				refused++
			}
			if status, body := s.do(t, http.MethodPost, d.path(level), none); status != 401 {
				t.Errorf("%s of %s without a token: %d %s", d.ID, level, status, body)
			}
		}
	}
	if refused < 10 {
		t.Errorf("only %d were refused", refused)
	}
}

func TestOperationsWithoutEffect(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	status, body := s.do(t, http.MethodPost, "/$reindex", `{"resourceType":"Parameters","parameter":[{"name":"dry-run","valueBoolean":true}]}`)
	if status != 200 || !strings.Contains(body, `"code":"informational"`) || !strings.Contains(body, `"dry-run"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, jobs := s.do(t, http.MethodGet, "/$reindex-status", ""); strings.Contains(jobs, `"job"`) {
		t.Errorf("a dry run has begun a job: %s", jobs)
	}
	k := s.must(t, "lenient", http.MethodPost, "/$reindex", `{"resourceType":"Parameters","parameter":[{"name":"dry-run","valueBoolean":true},{"name":"other","valueString":"x"},{"name":"_dc","valueString":"x"}]}`, "Prefer: handling=lenient")
	if k.status != 200 || !strings.Contains(k.body, `"severity":"warning"`) || strings.Count(k.body, fmt.Sprintf("%q", "parameter-unknown")) != 1 {
		t.Errorf("%+v", k)
	}
}

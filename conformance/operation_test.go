package conformance_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
)

// TestOperations: every operation that the statement announces has a definition that can be read where the statement says, that
// is valid, and that is of the operation; and the operation can be called there.
func TestOperations(t *testing.T) {
	h := open(t)
	rest := first(h.statement.Get("rest"))
	check := gate.New(h.spec)
	seen := make(map[string]bool)
	operations := func(e fhir.Element, at string) {
		for o := range e.Each("operation") {
			name, url := o.Get("name").Text(), o.Get("definition").Text()
			seen[at+"$"+name] = true
			path, own := strings.CutPrefix(url, "http://localhost/fhir")
			if !own {
				t.Errorf("%s$%s: the definition is at %s", at, name, url)
				continue
			}
			root, err := fhir.Parse(h.send("GET", path, "", 200), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if o := check.Check(root); o != nil {
				t.Errorf("%s: %v", url, o)
			}
			if root.Get("url").Text() != url || root.Get("code").Text() != name {
				t.Errorf("%s is the definition of %s at %s", url, root.Get("code").Text(), root.Get("url").Text())
			}
			if strings.HasPrefix(name, "async-") { // there is no job
				h.send("POST", "/$"+name, `{"resourceType":"Parameters","parameter":[{"name":"job","valueString":"none"}]}`, 404)
				continue
			}
			target := map[string]string{"/$explain": "/$explain?url=Patient", "Patient/$explain": "/Patient/$explain?name=a"}[at+"$"+name]
			if target == "" {
				target = "/" + strings.TrimPrefix(at, "/") + "$" + name
			}
			if root.Get("affectsState").Text() == "true" {
				h.send("GET", target, "", 405)
				h.send("POST", target, "", 200, 202)
				continue
			}
			h.send("GET", target, "", 200)
		}
	}
	operations(rest, "/")
	for resource := range rest.Each("resource") {
		if name := resource.Get("type").Text(); name == "Patient" || name == "Binary" { // they are all alike
			operations(resource, name+"/")
		}
	}
	for _, want := range []string{"/$explain", "/$reindex", "/$reindex-status", "Patient/$explain", "Binary/$reindex"} {
		if !seen[want] {
			t.Errorf("%s is not announced", want)
		}
	}
	if seen["Patient/$reindex-status"] {
		t.Error("an operation is announced where it cannot be called")
	}
}

// TestCustomParameter: a search parameter is announced when its index is complete, and no longer than it is served.
func TestCustomParameter(t *testing.T) {
	h := open(t)
	announced := func() bool {
		root, err := fhir.Parse(h.send("GET", "/metadata", "", 200), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for resource := range first(root.Get("rest")).Each("resource") {
			for param := range resource.Each("searchParam") {
				if resource.Get("type").Text() == "Patient" && param.Get("definition").Text() == "http://example.org/own" {
					return true
				}
			}
		}
		return false
	}
	own := func(status string) string {
		return `{"resourceType":"SearchParameter","id":"own","url":"http://example.org/own","name":"own","status":"` + status + `","description":"x","code":"own","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}`
	}
	h.send("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`, 201)
	for _, step := range []struct {
		do   func()
		want bool
	}{
		{func() {}, false},
		{func() { h.send("PUT", "/SearchParameter/own", own("active"), 201) }, false},
		{func() {
			if err := h.store.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, true},
		{func() { h.send("PUT", "/SearchParameter/own", own("retired"), 200) }, false},
	} {
		step.do()
		if got := announced(); got != step.want {
			t.Errorf("announced: %v, want %v", got, step.want)
		}
	}
}

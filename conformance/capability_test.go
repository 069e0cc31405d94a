package conformance_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/conformance"
	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// house is a server together with what it says of itself.
type house struct {
	*testing.T
	spec      *r4.Spec
	params    *search.Params
	server    *server.Server
	store     chosen.Store
	statement fhir.Element
}

func open(t *testing.T) *house {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Unsafe: true})
	t.Cleanup(func() { _ = store.Close() })
	h := &house{T: t, spec: spec, params: params, store: store}
	if h.server, err = server.New(server.Config{Store: store, Spec: spec, Params: params}); err != nil {
		t.Fatal(err)
	}
	text := h.send("GET", "/metadata", "", 200)
	if h.statement, err = fhir.Parse(text, fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	return h
}

// send sends a request and reports every status but those that are wanted.
func (h *house) send(method, path, body string, want ...int) string {
	h.Helper()
	r := httptest.NewRequest(method, "http://localhost/fhir"+path, strings.NewReader(body))
	r.Header.Set("Prefer", "handling=strict")
	r.Header.Set("Accept", "application/fhir+json")
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
		if method == "PATCH" {
			r.Header.Set("Content-Type", "application/json-patch+json")
		}
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	if !slices.Contains(want, w.Code) {
		h.Errorf("%s %s: %d %s\n%s", method, path, w.Code, w.Body, body)
	}
	return w.Body.String()
}

// codes gives the codes of the interactions that are announced.
func codes(e fhir.Element) (list []string) {
	for i := range e.Each("interaction") {
		list = append(list, i.Get("code").Text())
	}
	return list
}

// TestStatementIsValid: the statement passes the gate that every other resource has to pass.
func TestStatementIsValid(t *testing.T) {
	h := open(t)
	if o := gate.New(h.spec).Check(h.statement); o != nil {
		t.Error(o)
	}
	if got := h.statement.Get("rest").Items(); got == nil {
		t.Error("no rest")
	}
}

// TestInteractions: every interaction that the statement announces works on every resource type.
func TestInteractions(t *testing.T) {
	h := open(t)
	rest := first(h.statement.Get("rest"))
	if got, want := codes(rest), []string{"transaction", "batch", "search-system", "history-system"}; !slices.Equal(got, want) {
		t.Errorf("the system has the interactions %v, want %v", got, want)
	}
	h.send("POST", "/", `{"resourceType":"Bundle","type":"transaction"}`, 200)
	h.send("POST", "/", `{"resourceType":"Bundle","type":"batch"}`, 200)
	h.send("GET", "/_history", "", 200)
	h.send("GET", "/?_type=Patient,Observation", "", 200)
	compartments := 0
	for url := range rest.Each("compartment") {
		compartments++
		for _, c := range h.spec.Compartments() {
			if c.URL == url.Text() {
				h.send("GET", "/"+c.Code+"/a/*", "", 200)
				h.send("GET", "/"+c.Code+"/a/Observation", "", 200)
			}
		}
	}
	if compartments != 5 {
		t.Errorf("%d compartments are announced, R4 has 5", compartments)
	}
	for param := range rest.Each("searchParam") {
		value := map[string]string{"_lastUpdated": "2024", "_filter": "_id eq a", "_has": "", "_type": ""}
		if v, ok := value[param.Get("name").Text()]; !ok {
			h.send("GET", "/?"+param.Get("name").Text()+"=a", "", 200)
		} else if v != "" {
			h.send("GET", "/?"+param.Get("name").Text()+"="+url.QueryEscape(v), "", 200)
		}
	}
	types := 0
	for resource := range rest.Each("resource") {
		types++
		name := resource.Get("type").Text()
		if !h.spec.IsResource(name) {
			t.Errorf("%s is no resource type", name)
		}
		body := minimal(h.spec, name, "a")
		for _, code := range append([]string{"update"}, codes(resource)...) {
			h.interaction(name, code, body)
		}
		h.send("PUT", "/"+name+"?_id=b", minimal(h.spec, name, "b"), 201) // conditionalUpdate, updateCreate
		gone := 204
		if name == "AuditEvent" || name == "Provenance" { // they stay as they were written
			gone = 405
		}
		h.send("DELETE", "/"+name+"?_id=b,a", "", gone) // conditionalDelete
	}
	if types != 146 {
		t.Errorf("%d resource types, want R4's 146", types)
	}
}

func (h *house) interaction(name, code, body string) {
	h.Helper()
	path := "/" + name + "/a"
	switch code {
	case "update":
		h.send("PUT", path, body, 200, 201)
	case "read":
		h.send("GET", path, "", 200)
	case "vread":
		h.send("GET", path+"/_history/1", "", 200)
	case "patch":
		h.send("PATCH", path, `[{"op":"add","path":"/meta","value":{"tag":[{"code":"x"}]}}]`, 200)
	case "history-instance":
		h.send("GET", path+"/_history", "", 200)
	case "history-type":
		h.send("GET", "/"+name+"/_history", "", 200)
	case "create":
		h.send("POST", "/"+name, body, 201)
	case "search-type":
		h.send("GET", "/"+name+"?_id=a", "", 200)
	case "delete":
		h.send("DELETE", path, "", 204)
		h.send("PUT", path, body, 201)
	default:
		h.Errorf("%s: the interaction %s is announced, but not tested", name, code)
	}
}

// TestSearchParams: every search parameter that the statement announces is understood, with a value of its type, and so are
// _include, _revinclude and, for what can be sorted by, _sort.
func TestSearchParams(t *testing.T) {
	h := open(t)
	values := map[string]string{
		"token": "http://example.org|x", "string": "x", "date": "ge2024-05", "reference": "x", "uri": "http://example.org/x",
		"number": "1", "quantity": "1", "composite": "x$x", "special": "x",
	}
	params, includes := 0, 0
	for resource := range first(h.statement.Get("rest")).Each("resource") {
		name := resource.Get("type").Text()
		h.send("PUT", "/"+name+"/a", minimal(h.spec, name, "a"), 201)
		for param := range resource.Each("searchParam") {
			params++
			code := param.Get("name").Text()
			if param.Get("definition").Text() == "" && code != "_list" { // R4 has none
				h.Errorf("%s %s has no definition", name, code)
			}
			value := values[param.Get("type").Text()]
			if special := map[string]string{"near": "48.4|10", "_filter": "_id eq a"}[code]; special != "" {
				value = special
			}
			composite := param.Get("type").Text() == "composite"
			for suffix, parts := range map[string]string{"quantity": "x$ge1", "date": "x$2024", "coordinate": "x$1$le2"} {
				if composite && strings.HasSuffix(code, suffix) {
					value = parts
				}
			}
			h.send("GET", "/"+name+"?"+code+"="+url.QueryEscape(value), "", 200)
			if code != "_filter" && code != "_list" && !composite { // no values that could be missing
				h.send("GET", "/"+name+"?"+code+":missing=true&_count=1", "", 200)
			}
		}
		for _, list := range []string{"searchInclude", "searchRevInclude"} {
			for include := range resource.Each(list) {
				includes++
				parameter := map[string]string{"searchInclude": "_include", "searchRevInclude": "_revinclude"}[list]
				if includes%16 == 0 || list == "searchInclude" { // there are thousands of the others, all alike
					h.send("GET", "/"+name+"?_id=a&"+parameter+"="+url.QueryEscape(include.Text()), "", 200)
				}
			}
		}
	}
	t.Logf("%d parameters, %d includes", params, includes)
	if params < 1000 {
		t.Errorf("%d search parameters are announced; R4 has more", params)
	}
}

// TestNothingHidden: what works is announced. Interactions that the statement leaves out are refused.
func TestNothingHidden(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	registry := fhir.NewRegistry()
	s := &conformance.Statement{Registry: registry, Spec: spec, Params: search.NewParams(spec, nil), Date: time.Now(), SingleDelete: true}
	root := s.Capability("http://x").Root()
	resource := first(first(root.Get("rest")).Get("resource"))
	if got := codes(resource); len(got) != 0 {
		t.Errorf("nothing is registered, but %v is announced", got)
	}
	for _, name := range []string{"updateCreate", "conditionalCreate", "conditionalUpdate", "readHistory"} {
		if resource.Get(name).Text() != "false" {
			t.Errorf("%s is announced without the interaction", name)
		}
	}
	for name, want := range map[string]string{"conditionalDelete": "not-supported", "conditionalRead": "not-supported", "versioning": "versioned-update"} {
		if got := resource.Get(name).Text(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if resource.Get("searchParam").Exists() || resource.Get("searchInclude").Exists() {
		t.Error("search parameters are announced without search")
	}
}

// TestVersion: the version changes with the statement, and only then.
func TestVersion(t *testing.T) {
	h := open(t)
	if a, b := h.send("GET", "/metadata", "", 200), h.send("GET", "/metadata", "", 200); a != b {
		t.Error("two statements differ")
	}
	spec := h.spec
	params := search.NewParams(spec, nil)
	versions := make(map[string]bool)
	for _, s := range []conformance.Statement{{}, {SingleDelete: true}, {Version: "2"}} {
		s.Registry, s.Spec, s.Params = h.server.Registry(), spec, params
		versions[s.Capability("http://x").VersionID()] = true
		versions[s.Capability("http://y").VersionID()] = true
	}
	if len(versions) != 6 {
		t.Errorf("want a version for each of six statements: %v", fmt.Sprint(versions))
	}
}

func first(e fhir.Element) fhir.Element {
	for item := range e.Items() {
		return item
	}
	return fhir.Element{}
}

package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/search"
)

// beds is a module with a rule: of the Patients with one identifier at most one is active. It also counts the active ones' changes, in
// a language that the rule keeps itself.
type beds struct{ params *search.Params }

func (b *beds) Register(r *fhir.Registry) error {
	r.Rule(fhir.Rule{Type: "Patient", Guards: b.guards, Check: b.check})
	return nil
}

func active(r *fhir.Resource) string {
	if r == nil || r.Root().Get("active").Text() != "true" {
		return ""
	}
	for i := range r.Root().Each("identifier") {
		return i.Get("value").Text()
	}
	return ""
}

func (b *beds) guards(before, after *fhir.Resource) (list []string, _ error) {
	for _, r := range []*fhir.Resource{before, after} {
		if key := active(r); key != "" {
			list = append(list, "toy:"+key)
		}
	}
	return list, nil
}

func (b *beds) check(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	key := active(c.After)
	if c.After == nil && active(c.Before) != "" {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "active Patients stay")
	}
	if key == "" {
		return nil, nil
	}
	q, _, err := b.params.Parse("Patient", fhir.Params{{Name: "identifier", Value: key}, {Name: "active", Value: "true"}}, search.Options{Strict: true})
	if err != nil {
		return nil, err
	}
	page, err := c.Tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, r := range page.Resources {
		if r.ID() != c.After.ID() {
			return nil, fhir.NewOutcome(fhir.Conflict, "taken")
		}
	}
	n, err := c.Tx.GuardCount(ctx, "toy:"+key)
	if err != nil {
		return nil, err
	}
	return fhir.ParseResource(strings.Replace(c.After.Body(), `"active":true`, fmt.Sprintf(`"active":true,"gender":"other","birthDate":"%04d"`, 2000+n), 1), fhir.DefaultLimits())
}

func openBeds(t testing.TB) *hospital {
	return open(t, func(c *server.Config) { c.Modules = []fhir.Module{&beds{c.Params}} })
}

const bed = `{"resourceType":"Patient"%s,"identifier":[{"value":"%s"}],"active":true}`

// TestRuleRace: of many who want the same at once one gets it, and nobody a 5xx.
func TestRuleRace(t *testing.T) {
	h := openBeds(t)
	for _, path := range []string{"create", "update", "transaction", "batch"} {
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				body, method, url := fmt.Sprintf(bed, "", path), "POST", "/Patient"
				switch path {
				case "update":
					id := fmt.Sprintf("race-%d", i)
					method, url, body = "PUT", "/Patient/"+id, fmt.Sprintf(bed, `,"id":"`+id+`"`, path)
				case "transaction", "batch":
					url = "/"
					body = `{"resourceType":"Bundle","type":"` + path + `","entry":[{"resource":` + body + `,"request":{"method":"POST","url":"Patient"}}]}`
				}
				w := h.do(method, url, body)
				switch text := w.Body.String(); {
				case w.Code == 201 || w.Code == 200 && strings.Contains(text, `"status":"201 Created"`):
					won.Add(1)
				case w.Code == 409 || w.Code == 200 && strings.Contains(text, `"status":"409 Conflict"`):
					lost.Add(1)
				default:
					t.Errorf("%s: %d %s", path, w.Code, text)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 49 {
			t.Errorf("%s: %d won and %d lost", path, won.Load(), lost.Load())
		}
		if w := h.do("GET", "/Patient?active=true&identifier="+path+"&_summary=count", ""); !strings.Contains(w.Body.String(), `"total":1`) {
			t.Errorf("%s: afterwards %s", path, w.Body)
		}
	}
}

// TestRulePaths: a rule is kept to whatever way a change comes, and what it puts in the place of what was sent is what is answered.
func TestRulePaths(t *testing.T) {
	h := openBeds(t)
	w := h.do("PUT", "/Patient/one", fmt.Sprintf(bed, `,"id":"one"`, "a"))
	if w.Code != 201 || !strings.Contains(w.Body.String(), `"birthDate":"2000"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := h.do("PUT", "/Patient/two", `{"resourceType":"Patient","id":"two","identifier":[{"value":"a"}],"active":false}`); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	entry := func(method, url, more string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{` + more + `"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	const activate = `[{"op":"replace","path":"/active","value":true}]`
	for _, test := range []struct {
		method, path, body, header string
		want                       int
	}{
		{"POST", "/Patient", fmt.Sprintf(bed, "", "a"), "", 409},
		{"POST", "/Patient", fmt.Sprintf(bed, "", "a"), "If-None-Exist: identifier=none", 409},
		{"POST", "/Patient", fmt.Sprintf(bed, "", "a"), "If-None-Exist: identifier=a&active=true", 200},
		{"PUT", "/Patient/two", fmt.Sprintf(bed, `,"id":"two"`, "a"), "", 409},
		{"PUT", "/Patient?_id=two", fmt.Sprintf(bed, `,"id":"two"`, "a"), "", 409},
		{"PUT", "/Patient?identifier=new", fmt.Sprintf(bed, "", "a"), "", 409},
		{"PATCH", "/Patient/two", activate, "Content-Type: application/json-patch+json", 409},
		{"PATCH", "/Patient?_id=two", activate, "Content-Type: application/json-patch+json", 409},
		{"DELETE", "/Patient/one", "", "", 422},
		{"DELETE", "/Patient?_id=one", "", "", 422},
		{"POST", "/", entry("PUT", "Patient/two", `"resource":`+fmt.Sprintf(bed, `,"id":"two"`, "a")+`,`), "", 409},
		{"POST", "/", entry("DELETE", "Patient/one", ""), "", 422},
		{"POST", "/", entry("PATCH", "Patient/two", `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+base64.StdEncoding.EncodeToString([]byte(activate))+`"},`), "", 409},
		{"DELETE", "/Patient/two", "", "", 204},
		{"DELETE", "/Patient/none", "", "", 204},
	} {
		var headers []string
		if test.header != "" {
			headers = append(headers, test.header)
		}
		if w := h.do(test.method, test.path, test.body, headers...); w.Code != test.want {
			t.Errorf("%s %s %s %s: %d %s; want %d", test.method, test.path, test.body, test.header, w.Code, w.Body, test.want)
		}
	}
	// Two guards in one transaction, the second of which only shows when the first is held.
	both := `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + fmt.Sprintf(bed, "", "b") + `,"request":{"method":"POST","url":"Patient"}},{"resource":` + fmt.Sprintf(bed, "", "c") + `,"request":{"method":"POST","url":"Patient"}}]}`
	if w := h.do("POST", "/", both); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestCreateOnly: evidence stays as it was written.
func TestCreateOnly(t *testing.T) {
	h := open(t)
	const text = `{"resourceType":"Provenance","id":"p","target":[{"reference":"Patient/1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`
	if w := h.do("PUT", "/Provenance/p", text); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, test := range [][3]string{{"PUT", "/Provenance/p", strings.Replace(text, `"x"`, `"y"`, 1)}, {"DELETE", "/Provenance/p", ""}} {
		if w := h.do(test[0], test[1], test[2]); w.Code != 405 || w.Header().Get("Allow") == "" || !strings.Contains(w.Body.String(), `"create-only"`) {
			t.Errorf("%s: %d %s", test[0], w.Code, w.Body)
		}
	}
	if w := h.do("PUT", "/Provenance/p", text); w.Code != 200 {
		t.Errorf("the same again: %d %s", w.Code, w.Body)
	}
}

func rulesOver(s fhir.Store) *rules.Enforcer { return rules.New(s, nil) }

package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/search"
)

// rooms is a module with a rule: at most so many Encounters are in progress in a class.
type rooms struct {
	params *search.Params
	most   int
	open   func() fhir.Store
}

func (m *rooms) Register(r *fhir.Registry) error {
	busy := func(r *fhir.Resource) string {
		if r == nil || r.Root().Get("status").Text() != "in-progress" {
			return ""
		}
		return r.Root().Get("class").Get("code").Text()
	}
	r.Rule(fhir.Rule{
		Type: "Encounter",
		Guards: func(before, after *fhir.Resource) ([]string, error) {
			if class := busy(after); class != "" {
				return []string{"rooms:" + class}, nil
			}
			return nil, nil
		},
		Check: func(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
			class := busy(c.After)
			if class == "" || busy(c.Before) == class {
				return nil, nil
			}
			q, _, err := m.params.Parse("Encounter", fhir.Params{{Name: "class", Value: class}, {Name: "status", Value: "in-progress"}, {Name: "_count", Value: "100"}}, search.Options{Strict: true})
			if err != nil {
				return nil, err
			}
			page, err := c.Tx.Search(ctx, q)
			if err == nil && len(page.Resources) >= m.most {
				err = fhir.NewOutcome(fhir.Conflict, "there is no room")
			}
			return nil, err
		},
	})
	// An operation that writes what it is given.
	const definition = `{"resourceType":"OperationDefinition","id":"enter","url":"https://andiron.dev/fhir/OperationDefinition/enter","name":"X","title":"Enter","status":"active","kind":"operation","code":"enter",
		"system":true,"type":false,"instance":false,"affectsState":true,"parameter":[{"name":"encounter","use":"in","min":1,"max":"1","type":"Encounter"}]}`
	return r.Operation(definition, func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		given, err := fhir.NewResource(req.Input.Get("encounter").Value)
		if err != nil {
			return nil, err
		}
		given = given.WithID(server.NewUUID())
		write := func(tx fhir.Tx) error {
			_, err := tx.Create(ctx, given)
			return err
		}
		if req.Tx != nil {
			err = write(req.Tx)
		} else {
			err = m.open().Update(ctx, nil, write)
		}
		return &fhir.Response{Resource: given}, err
	})
}

// TestExactlySoMany: of 50 at once that want what there is 7 of, 7 get it by whatever way they ask; nobody gets a 5xx or waits for long.
func TestExactlySoMany(t *testing.T) {
	const most, many = 7, 50
	body := func(class, id string) string {
		if id != "" {
			id = `"id":"` + id + `",`
		}
		return `{"resourceType":"Encounter",` + id + `"identifier":[{"value":"` + class + `"}],"status":"in-progress","class":{"code":"` + class + `"}}`
	}
	entry := func(kind, resource, method, url string) string {
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	patch := base64.StdEncoding.EncodeToString([]byte(`[{"op":"replace","path":"/status","value":"in-progress"}]`))
	h := open(t, func(c *server.Config) {
		m := &rooms{params: c.Params, most: most}
		c.Rules = rulesOver(c.Store)
		m.open = c.Rules.Store
		c.Modules = []fhir.Module{m}
	})
	for way, ask := range map[string]func(i int) (method, path, body string, headers []string){
		"create": func(int) (string, string, string, []string) { return "POST", "/Encounter", body("create", ""), nil },
		"update": func(i int) (string, string, string, []string) {
			id := fmt.Sprint("update-", i)
			return "PUT", "/Encounter/" + id, body("update", id), nil
		},
		"patch": func(i int) (string, string, string, []string) {
			return "PATCH", fmt.Sprint("/Encounter/patch-", i), `[{"op":"replace","path":"/status","value":"in-progress"}]`, []string{"Content-Type: application/json-patch+json"}
		},
		"ifnone": func(i int) (string, string, string, []string) {
			return "POST", "/Encounter", body("ifnone", ""), []string{fmt.Sprint("If-None-Exist: identifier=none-", i)}
		},
		"conditional": func(i int) (string, string, string, []string) {
			return "PUT", fmt.Sprint("/Encounter?identifier=other-", i), body("conditional", ""), nil
		},
		"batch": func(int) (string, string, string, []string) {
			return "POST", "/", entry("batch", body("batch", ""), "POST", "Encounter"), nil
		},
		"transaction": func(int) (string, string, string, []string) {
			return "POST", "/", entry("transaction", body("transaction", ""), "POST", "Encounter"), nil
		},
		"patches": func(i int) (string, string, string, []string) {
			return "POST", "/", entry("transaction", `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+patch+`"}`, "PATCH", fmt.Sprint("Encounter/patches-", i)), nil
		},
		"operation": func(int) (string, string, string, []string) { return "POST", "/$enter", body("operation", ""), nil },
		"keyed": func(i int) (string, string, string, []string) {
			return "POST", "/$enter", body("keyed", ""), []string{fmt.Sprint("Idempotency-Key: ", i)}
		},
		"entry": func(int) (string, string, string, []string) {
			return "POST", "/", entry("transaction", body("entry", ""), "POST", "$enter"), nil
		},
	} {
		if strings.HasPrefix(way, "patch") {
			for i := range many {
				id := fmt.Sprint(way, "-", i)
				if w := h.do("PUT", "/Encounter/"+id, strings.Replace(body(way, id), "in-progress", "planned", 1)); w.Code != 201 {
					t.Fatal(w.Body)
				}
			}
		}
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() {
				method, path, body, headers := ask(i)
				begun := time.Now()
				w := h.do(method, path, body, headers...)
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("%s: it took %v", way, took)
				}
				switch text := w.Body.String(); {
				case w.Code == 409 || w.Code == 200 && strings.Contains(text, `"status":"409 Conflict"`):
					lost.Add(1)
				case w.Code == 200 || w.Code == 201:
					won.Add(1)
				default:
					t.Errorf("%s: %d %s", way, w.Code, text)
				}
			})
		}
		wg.Wait()
		if won.Load() != most || lost.Load() != many-most {
			t.Errorf("%s: %d won and %d lost", way, won.Load(), lost.Load())
		}
		if w := h.do("GET", "/Encounter?status=in-progress&class="+way+"&_summary=count", ""); !strings.Contains(w.Body.String(), fmt.Sprint(`"total":`, most)) {
			t.Errorf("%s: afterwards %s", way, w.Body)
		}
	}
}

// TestEvidenceStays: AuditEvents and Provenances are not written over or deleted, by whatever way somebody tries.
func TestEvidenceStays(t *testing.T) {
	h := open(t)
	for typ, rest := range map[string]string{
		"Provenance": `"target":[{"reference":"Patient/1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"%s"}}]}`,
		"AuditEvent": `"type":{"code":"x"},"recorded":"2026-01-01T00:00:00Z","agent":[{"name":"%s","requestor":true}],"source":{"observer":{"display":"x"}}}`,
	} {
		text := func(name string) string { return `{"resourceType":"` + typ + `","id":"e",` + fmt.Sprintf(rest, name) }
		if w := h.do("PUT", "/"+typ+"/e", text("x")); w.Code != 201 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		path := "/recorded"
		change := `[{"op":"replace","path":"` + path + `","value":"2027-01-01T00:00:00Z"}]`
		entry := func(kind, method, url, resource string) string {
			if resource != "" {
				resource = `"resource":` + resource + `,`
			}
			return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{` + resource + `"request":{"method":"` + method + `","url":"` + url + `"}}]}`
		}
		binary := `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"` + base64.StdEncoding.EncodeToString([]byte(change)) + `"}`
		for _, test := range []struct{ method, path, body, header string }{
			{"PUT", "/" + typ + "/e", text("y"), ""},
			{"PUT", "/" + typ + "?_id=e", text("y"), ""},
			{"PATCH", "/" + typ + "/e", change, "Content-Type: application/json-patch+json"},
			{"PATCH", "/" + typ + "?_id=e", change, "Content-Type: application/json-patch+json"},
			{"DELETE", "/" + typ + "/e", "", ""},
			{"DELETE", "/" + typ + "?_id=e", "", ""},
			{"POST", "/", entry("transaction", "PUT", typ+"/e", text("y")), ""},
			{"POST", "/", entry("transaction", "PUT", typ+"?_id=e", text("y")), ""},
			{"POST", "/", entry("transaction", "PATCH", typ+"/e", binary), ""},
			{"POST", "/", entry("transaction", "DELETE", typ+"/e", ""), ""},
			{"POST", "/", entry("transaction", "DELETE", typ+"?_id=e", ""), ""},
			{"POST", "/", entry("batch", "PUT", typ+"/e", text("y")), ""},
			{"POST", "/", entry("batch", "DELETE", typ+"/e", ""), ""},
		} {
			var headers []string
			if test.header != "" {
				headers = append(headers, test.header)
			}
			w := h.do(test.method, test.path, test.body, headers...)
			batch := strings.Contains(test.body, `"batch"`)
			if !batch && w.Code != 405 || batch && !strings.Contains(w.Body.String(), `"status":"405`) || !strings.Contains(w.Body.String(), `"create-only"`) {
				t.Errorf("%s %s %s: %d %s", test.method, test.path, test.body, w.Code, w.Body)
			}
		}
		if w := h.do("GET", "/"+typ+"/e/_history", ""); w.Code != 200 || strings.Count(w.Body.String(), `"fullUrl"`) != 1 {
			t.Errorf("%s: %d %s", typ, w.Code, w.Body)
		}
	}
}

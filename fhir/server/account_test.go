package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/storetest"
)

// ward is a module with operations that write: $admit makes a Patient active and opens an Encounter about them, under a guard; with
// fail=true it fails after that. $note does it without Provenance, $page not all at once.
type ward struct{ store func() fhir.Store }

func (m *ward) Register(r *fhir.Registry) error {
	const definition = `{"resourceType":"OperationDefinition","id":"%[1]s",%[2]s"url":"https://andiron.dev/fhir/OperationDefinition/%[1]s","name":"X","title":"Admit","status":"active","kind":"operation","code":"%[1]s",
		"system":false,"type":true,"instance":true,"resource":["Patient"],"affectsState":true,"parameter":[{"name":"fail","use":"in","min":0,"max":"1","type":"boolean"},{"name":"who","use":"in","min":0,"max":"1","type":"Reference"}]}`
	for code, extension := range map[string]string{"admit": "", "note": fhir.NoProvenance, "page": fhir.StandAlone} {
		if extension != "" {
			extension = `"extension":[{"url":"` + extension + `","valueBoolean":true}],`
		}
		if err := r.Operation(fmt.Sprintf(definition, code, extension), m.admit); err != nil {
			return err
		}
	}
	return nil
}

func (m *ward) admit(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id := req.ID
	if id == "" {
		id = fhir.ParseReference(req.Input.Get("who").Value.Get("reference").Text()).ID
	}
	err := m.store().Update(ctx, []string{"bed:1"}, func(tx fhir.Tx) error {
		p, err := tx.Read(ctx, "Patient", id)
		if err != nil {
			return err
		}
		if p.Root().Get("active").Text() == "true" {
			return nil
		}
		if p, err = fhir.ParseResource(`{"resourceType":"Patient","id":"`+id+`","active":true}`, fhir.DefaultLimits()); err != nil {
			return err
		}
		e, err := fhir.ParseResource(`{"resourceType":"Encounter","id":"`+server.NewUUID()+`","status":"planned","class":{"code":"IMP"},"subject":{"reference":"Patient/`+id+`"}}`, fhir.DefaultLimits())
		if err != nil {
			return err
		}
		if _, err := tx.Put(ctx, p); err != nil {
			return err
		}
		if _, err := tx.Create(ctx, e); err != nil {
			return err
		}
		if req.Input.Text("fail") == "true" {
			return fhir.NewOutcome(fhir.BusinessRule, "the ward is full")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: fhir.NewParameters().Text("admitted", "string", id).Resource()}, nil
}

// strict is a module without mercy: it refuses every Provenance.
type strict struct{}

func (strict) Register(r *fhir.Registry) error {
	r.Rule(fhir.Rule{Type: "Provenance", Check: func(context.Context, *fhir.Change) (*fhir.Resource, error) {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "no evidence")
	}})
	return nil
}

func openWard(t *testing.T, more ...fhir.Module) *hospital {
	m := &ward{}
	return open(t, func(c *server.Config) {
		c.Modules = append(more, m)
		c.Rules = rulesOver(c.Store)
		m.store = c.Rules.Store
	})
}

// counts says how many there are: "Patients active, Encounters, Provenances".
func (h *hospital) counts(t *testing.T) string {
	t.Helper()
	list := make([]string, 0, 3)
	for _, search := range []string{"/Patient?active=true&_summary=count", "/Encounter?_summary=count", "/Provenance?_summary=count"} {
		body := h.do("GET", search, "").Body.String()
		_, after, ok := strings.Cut(body, `"total":`)
		if !ok {
			t.Fatal(body)
		}
		list = append(list, after[:strings.IndexAny(after, ",}")])
	}
	return strings.Join(list, " ")
}

const inputs = `{"resourceType":"Parameters","parameter":[%s]}`

// TestOperationProvenance: what an operation writes has one Provenance, in the same commit, unless the definition says that it needs none.
func TestOperationProvenance(t *testing.T) {
	h := openWard(t)
	for _, id := range []string{"a", "b", "c"} {
		h.do("PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`)
	}
	for _, step := range []struct {
		path, body string
		headers    []string
		status     int
		want       string
	}{
		{"/Patient/a/$admit", fmt.Sprintf(inputs, `{"name":"dry-run","valueBoolean":true}`), nil, 200, "0 0 0"},
		{"/Patient/a/$admit", fmt.Sprintf(inputs, `{"name":"fail","valueBoolean":true}`), nil, 422, "0 0 0"},
		{"/Patient/a/$admit", "", nil, 200, "1 1 1"},
		{"/Patient/a/$admit", "", nil, 200, "1 1 1"}, // there is nothing to do
		{"/Patient/b/$admit", fmt.Sprintf(inputs, `{"name":"dry-run","valueBoolean":true}`), []string{"Idempotency-Key: d"}, 200, "1 1 1"},
		{"/Patient/b/$admit", "", []string{"Idempotency-Key: k"}, 200, "2 2 2"},
		{"/Patient/b/$admit", "", []string{"Idempotency-Key: k"}, 200, "2 2 2"},
		{"/Patient/c/$note", "", nil, 200, "3 3 2"},
	} {
		if w := h.do("POST", step.path, step.body, step.headers...); w.Code != step.status || h.counts(t) != step.want {
			t.Errorf("%s %s %v: %d %s; there are %s, want %s", step.path, step.body, step.headers, w.Code, w.Body, h.counts(t), step.want)
		}
	}
	var found struct {
		Entry []struct {
			Resource struct {
				Target   []struct{ Reference string }
				Recorded string
				Activity struct {
					Coding []struct{ System, Code string }
				}
				Agent  []struct{ Who struct{ Display string } }
				Entity []struct {
					What struct{ Reference string }
				}
			}
		}
	}
	w := h.do("GET", "/Provenance?target=Patient/a", "")
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil || len(found.Entry) != 1 {
		t.Fatalf("%v %s", err, w.Body)
	}
	p := found.Entry[0].Resource
	if len(p.Target) != 2 || p.Target[0].Reference != "Patient/a/_history/2" || !strings.HasPrefix(p.Target[1].Reference, "Encounter/") || !strings.HasSuffix(p.Target[1].Reference, "/_history/1") ||
		p.Recorded == "" || len(p.Activity.Coding) != 1 || p.Activity.Coding[0].Code != "admit" || p.Activity.Coding[0].System != "https://andiron.dev/fhir/CodeSystem/operation" ||
		len(p.Agent) != 1 || p.Agent[0].Who.Display == "" || len(p.Entity) != 1 || p.Entity[0].What.Reference != "Patient/a" {
		t.Errorf("%s", w.Body)
	}
}

// TestOperationWithoutEvidence: where its Provenance cannot be written an operation has no effect.
func TestOperationWithoutEvidence(t *testing.T) {
	h := openWard(t, strict{})
	h.do("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`)
	if w := h.do("POST", "/Patient/a/$admit", ""); w.Code != 422 || h.counts(t) != "0 0 0" {
		t.Errorf("%d %s, there are %s", w.Code, w.Body, h.counts(t))
	}
	if w := h.do("POST", "/Patient/a/$note", ""); w.Code != 200 || h.counts(t) != "1 1 0" {
		t.Errorf("%d %s, there are %s", w.Code, w.Body, h.counts(t))
	}
}

// TestOperationsInBundles: in a transaction operations stand or fall with the other entries, whose work they find done; what cannot is
// refused before anything is touched. In a batch each entry is on its own.
func TestOperationsInBundles(t *testing.T) {
	storetest.Single(t)
	const (
		patient = `{"fullUrl":"urn:uuid:6f1d7a4e-8f0c-4c53-8f7e-0d5a8f7a1a11","resource":{"resourceType":"Patient","active":false},"request":{"method":"POST","url":"Patient"}}`
		call    = `{"resource":{"resourceType":"Parameters","parameter":[{"name":"who","valueReference":{"reference":"urn:uuid:6f1d7a4e-8f0c-4c53-8f7e-0d5a8f7a1a11"}}%s]},"request":{"method":"POST","url":"Patient/$%s"}}`
		count   = `{"request":{"method":"GET","url":"Encounter?_summary=count"}}`
		wrong   = `{"request":{"method":"GET","url":"Patient/nobody"}}`
	)
	admit := fmt.Sprintf(call, "", "admit")
	for name, test := range map[string]struct {
		entries []string
		status  int
		text    []string
		want    string
	}{
		"all is well":      {[]string{count, admit, patient}, 200, []string{`"admitted"`, `"total":1`}, "1 1 1"},
		"two":              {[]string{patient, admit, strings.Replace(admit, "$admit", "$note", 1), `{"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}}`, `{"request":{"method":"POST","url":"Patient/b/$admit"}}`}, 200, nil, "2 2 2"},
		"it fails":         {[]string{patient, fmt.Sprintf(call, `,{"name":"fail","valueBoolean":true}`, "admit")}, 422, []string{`"Bundle.entry[1]"`, "the ward is full"}, "0 0 0"},
		"another fails":    {[]string{patient, admit, wrong}, 404, []string{`"Bundle.entry[2]"`}, "0 0 0"},
		"a dry run":        {[]string{patient, fmt.Sprintf(call, `,{"name":"dry-run","valueBoolean":true}`, "admit")}, 400, []string{`Bundle.entry[1].resource`, "no dry run"}, "0 0 0"},
		"not all at once":  {[]string{patient, fmt.Sprintf(call, "", "page")}, 400, []string{`"Bundle.entry[1].request.url"`, "not-supported", "call it by itself"}, "0 0 0"},
		"by GET":           {[]string{patient, `{"request":{"method":"GET","url":"Patient/a/$admit"}}`}, 405, []string{`"Bundle.entry[1].request.url"`}, "0 0 0"},
		"there is none":    {[]string{patient, `{"request":{"method":"POST","url":"Patient/a/$none"}}`}, 404, []string{`"Bundle.entry[1].request.url"`}, "0 0 0"},
		"a wrong value":    {[]string{patient, fmt.Sprintf(call, `,{"name":"fail","valueString":"x"}`, "admit")}, 400, []string{`Bundle.entry[1].resource.parameter[1]`}, "0 0 0"},
		"an unknown value": {[]string{patient, fmt.Sprintf(call, `,{"name":"other","valueString":"x"}`, "admit")}, 400, []string{`Bundle.entry[1].resource.parameter[1].name`, "parameter-unknown"}, "0 0 0"},
	} {
		for _, key := range []string{"", "Idempotency-Key: k"} {
			h := openWard(t)
			var headers []string
			if key != "" {
				headers = []string{key}
			}
			w := h.do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(test.entries, ",")+`]}`, headers...)
			if w.Code != test.status || h.counts(t) != test.want {
				t.Errorf("%s (%s): %d %s; there are %s, want %s", name, key, w.Code, w.Body, h.counts(t), test.want)
			}
			for _, text := range test.text {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("%s (%s): %s; want %s", name, key, w.Body, text)
				}
			}
		}
	}
	h := openWard(t)
	h.do("PUT", "/Patient/a", `{"resourceType":"Patient","id":"a"}`)
	w := h.do("POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","url":"Patient/a/$page"}},{"request":{"method":"POST","url":"Patient/none/$admit"}},`+count+`]}`)
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"admitted"`) || !strings.Contains(body, "404") || !strings.Contains(body, `"total":1`) || h.counts(t) != "1 1 1" {
		t.Errorf("%d %s; there are %s", w.Code, body, h.counts(t))
	}
}

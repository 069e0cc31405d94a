package fhir_test

import (
	"context"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// definition makes an OperationDefinition.
func definition(id, code, properties string) string {
	return `{"resourceType":"OperationDefinition","id":"` + id + `","url":"https://andiron.dev/fhir/OperationDefinition/` + id + `","code":"` + code + `",` + properties + `}`
}

func answer(text string) fhir.HandlerFunc {
	return func(context.Context, *fhir.Request) (*fhir.Response, error) {
		return &fhir.Response{Resource: fhir.NewParameters().Text("answer", "string", text).Resource()}, nil
	}
}

func TestFindOperation(t *testing.T) {
	r := fhir.NewRegistry()
	for _, o := range []struct{ id, code, properties string }{
		{"a", "weigh", `"system":true,"affectsState":true`},
		{"b", "weigh", `"type":true,"resource":["Patient","Group"]`},
		{"c", "weigh", `"instance":true,"resource":["Patient"],"affectsState":true`},
		{"d", "count", `"type":true,"instance":true,"resource":["Resource"]`},
		{"e", "cut", `"type":true,"resource":["DomainResource"]`},
	} {
		if err := r.Operation(definition(o.id, o.code, o.properties), answer(o.id)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		at, code string
		get      bool
		want     string // id, or a part of the error
	}{
		{"", "weigh", false, "a"},
		{"", "weigh", true, "405"},
		{"Patient", "weigh", true, "b"},
		{"Group", "weigh", false, "b"},
		{"Person", "weigh", false, "[base]/$weigh, [base]/[type]/$weigh, [base]/Patient/[id]/$weigh"},
		{"Patient/1", "weigh", false, "c"},
		{"Patient/1", "weigh", true, "405"},
		{"Group/1", "weigh", false, "cannot be called here"},
		{"", "count", false, "cannot be called here"},
		{"Basic", "count", true, "d"},
		{"Basic/1", "count", true, "d"},
		{"Binary", "count", true, "d"},
		{"Basic", "cut", true, "e"},
		{"Binary", "cut", true, "cannot be called here"},
		{"", "melt", false, "no operation of this name"},
	} {
		typ, id, _ := strings.Cut(test.at, "/")
		d, h, err := r.FindOperation(&fhir.Request{Type: typ, ID: id, Operation: test.code, Safe: test.get})
		switch o := fhir.AsOutcome(err); {
		case err == nil:
			resp, err := h.Serve(t.Context(), nil)
			if err != nil || d.Resource.ID() != test.want || !strings.Contains(resp.Resource.Body(), `"valueString":"`+test.want+`"`) {
				t.Errorf("%s/$%s: %s, want %s", test.at, test.code, d.Resource.ID(), test.want)
			}
		case test.want == "405":
			if o.Refinement != fhir.MethodNotAllowed || len(o.Allow) == 0 || o.Allow[0] != "POST" {
				t.Errorf("%s/$%s: %v", test.at, test.code, err)
			}
		case o.Refinement != fhir.NoSuchOperation || o.Code() != fhir.NotSupported || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s/$%s: %v, want %s", test.at, test.code, err, test.want)
		}
	}
}

func TestOperationThatCannotBeEntered(t *testing.T) {
	r := fhir.NewRegistry()
	if err := r.Operation(definition("a", "x", `"system":true,"type":true,"resource":["Patient","Group"]`), answer("")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no JSON":               "{",
		"another resource":      `{"resourceType":"Patient","id":"a"}`,
		"no id":                 `{"resourceType":"OperationDefinition","code":"y","system":true}`,
		"no code":               `{"resourceType":"OperationDefinition","id":"b","system":true}`,
		"no level":              definition("b", "y", `"system":false`),
		"no type":               definition("b", "y", `"type":true`),
		"same id":               definition("a", "y", `"system":true`),
		"same code":             definition("b", "x", `"system":true`),
		"same code and type":    definition("b", "x", `"type":true,"resource":["Group"]`),
		"same code for all":     definition("b", "x", `"type":true,"resource":["Resource"]`),
		"same code of a domain": definition("b", "x", `"type":true,"resource":["DomainResource"]`),
	} {
		if err := r.Operation(text, answer("")); err == nil {
			t.Errorf("%s: it is entered", name)
		}
	}
	for name, text := range map[string]string{
		"another level": definition("b", "x", `"instance":true,"resource":["Patient"]`),
		"another type":  definition("c", "x", `"type":true,"resource":["Person"]`),
	} {
		if err := r.Operation(text, answer("")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(r.Operations()); got != 3 {
		t.Errorf("%d operations", got)
	}
}

func TestParameters(t *testing.T) {
	text := string(fhir.NewParameters().Text("code", "code", "a").Text("code", "code", "b").Int("n", 7).Bool("yes", true).Decimal("exact", "1.10").
		Part("deep", func(p *fhir.ParametersWriter) {
			p.Part("deeper", func(p *fhir.ParametersWriter) { p.Text("at", "dateTime", "2024") }).Part("empty", func(*fhir.ParametersWriter) {})
		}).WithResource("who", fhir.NewOutcome(fhir.Invalid, "x").Resource()).Resource().JSON())
	const want = `{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"a"},{"name":"code","valueCode":"b"},{"name":"n","valueInteger":7},{"name":"yes","valueBoolean":true},{"name":"exact","valueDecimal":1.10},` +
		`{"name":"deep","part":[{"name":"deeper","part":[{"name":"at","valueDateTime":"2024"}]},{"name":"empty"}]},` +
		`{"name":"who","resource":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","details":{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/outcome-detail","code":"invalid"}],"text":"x"}}]}}]}`
	if text != want {
		t.Errorf("written:\n%s\nwant\n%s", text, want)
	}
	root, err := fhir.Parse(text, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := fhir.ParametersOf(root)
	if got := strings.Join(p.Texts("code"), " "); got != "a b" || p.Text("code") != "a" || p.Text("none") != "" {
		t.Errorf("codes: %q", got)
	}
	if got := p.Get("deep").Parts.Get("deeper").Parts.Get("at"); got.Type != "dateTime" || got.Value.Text() != "2024" {
		t.Errorf("deep: %+v", got)
	}
	if got := p.Get("who"); got.Type != "OperationOutcome" || !got.Value.Get("issue").Exists() {
		t.Errorf("who: %+v", got)
	}
	if got := p.Get("exact"); got.Type != "decimal" || got.Value.Text() != "1.10" {
		t.Errorf("exact: %+v", got)
	}
	if got := string(fhir.NewParameters().Resource().JSON()); got != `{"resourceType":"Parameters"}` {
		t.Errorf("none: %s", got)
	}
}

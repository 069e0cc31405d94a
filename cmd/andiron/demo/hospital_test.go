package demo_test

import (
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/demo"
	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// hospital is the fixture as the tests look at it.
type hospital struct {
	spec      *r4.Spec
	resources []fhir.Element          // in the order of loading
	byRef     map[string]fhir.Element // by "Patient/pat-ana"
	whole     fhir.Element            // all of them in one Bundle, so that FHIRPath can count
}

func open(t testing.TB) *hospital {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	h := &hospital{spec: spec, byRef: map[string]fhir.Element{}}
	var entries []string
	for _, b := range bundles {
		for entry := range b.Root().Each("entry") {
			entries = append(entries, entry.Raw())
			root := parse(t, entry.Get("resource").Raw())
			h.resources = append(h.resources, root)
			h.byRef[nameOf(root)] = root
		}
	}
	h.whole = parse(t, `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
	return h
}

func parse(t testing.TB, text string) fhir.Element {
	t.Helper()
	root, err := fhir.Parse(text, fhir.BundleLimits())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func nameOf(resource fhir.Element) string {
	return resource.Get("resourceType").Text() + "/" + resource.Get("id").Text()
}

// ask evaluates FHIRPath on a resource of the hospital, or on all of it where none is named, and returns the result with
// commas.
func (h *hospital) ask(t testing.TB, resource, expression string) string {
	t.Helper()
	focus := h.whole
	if resource != "" {
		var ok bool
		if focus, ok = h.byRef[resource]; !ok {
			t.Errorf("there is no %s", resource)
			return ""
		}
	}
	return h.eval(t, focus, expression)
}

func (h *hospital) eval(t testing.TB, focus fhir.Element, expression string) string {
	t.Helper()
	x, err := path.Compile(h.spec, expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	values, err := x.Eval(t.Context(), path.Env{}, path.Root(h.spec, focus, ""))
	if err != nil {
		t.Errorf("%s: %v", expression, err)
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = v.String()
	}
	return strings.Join(texts, ",")
}

// all are the resources of a type.
func (h *hospital) all(resourceType string) []fhir.Element {
	var list []fhir.Element
	for _, r := range h.resources {
		if r.Get("resourceType").Text() == resourceType {
			list = append(list, r)
		}
	}
	return list
}

// walk visits an element and all below it.
func walk(e fhir.Element, visit func(fhir.Element)) {
	visit(e)
	for child := e.First(); child.Exists(); child = child.Next() {
		walk(child, visit)
	}
}

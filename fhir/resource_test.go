package fhir_test

import (
	"testing"
	"time"

	"andiron.dev/fhir"
)

func resource(t *testing.T, body string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(body, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResourceCanonicalText(t *testing.T) {
	at := time.Date(2026, 3, 2, 13, 0, 0, 123456789, time.UTC)
	for _, test := range []struct{ name, in, body, stored string }{
		{"plain",
			`{ "active" : true, "resourceType" : "Patient" }`,
			`{"resourceType":"Patient","active":true}`,
			`{"resourceType":"Patient","id":"x","meta":{"versionId":"7","lastUpdated":"2026-03-02T13:00:00.123Z"},"active":true}`},
		{"with id and a version of its own",
			`{"id":"1","meta":{"versionId":"3","lastUpdated":"2020-01-01T00:00:00Z"},"resourceType":"Patient"}`,
			`{"resourceType":"Patient","id":"1"}`,
			`{"resourceType":"Patient","id":"x","meta":{"versionId":"7","lastUpdated":"2026-03-02T13:00:00.123Z"}}`},
		{"with other meta",
			`{"resourceType":"Patient","a":1.10,"meta":{"versionId":"3","tag":[{"code":"t"}],"lastUpdated":"2020"}}`,
			`{"resourceType":"Patient","meta":{"tag":[{"code":"t"}]},"a":1.10}`,
			`{"resourceType":"Patient","id":"x","meta":{"versionId":"7","lastUpdated":"2026-03-02T13:00:00.123Z","tag":[{"code":"t"}]},"a":1.10}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := resource(t, test.in)
			if r.Body() != test.body {
				t.Errorf("body\n got %s\nwant %s", r.Body(), test.body)
			}
			stored := r.WithID("x").WithVersion("7", at)
			if got := string(stored.JSON()); got != test.stored {
				t.Errorf("stored\n got %s\nwant %s", got, test.stored)
			}
			if got := stored.Root().Get("meta").Get("versionId").Text(); got != "7" {
				t.Errorf("the tree's version is %q", got)
			}
			back := fhir.Stored("Patient", "x", "7", at, stored.Body())
			if !back.Same(stored) || string(back.JSON()) != test.stored {
				t.Errorf("read back: %s", back.JSON())
			}
		})
	}
}

func TestResourceRefusesWhatIsNone(t *testing.T) {
	for _, body := range []string{`[]`, `"x"`, `{"a":1}`, `{"resourceType":"patient"}`, `{"resourceType":1}`, `{"resourceType":"Pat ient"}`} {
		if _, err := fhir.ParseResource(body, fhir.DefaultLimits()); err == nil {
			t.Errorf("%s was accepted", body)
		}
	}
	if _, err := fhir.ParseResource(`{"resourceType":"Patient","id":"a b"}`, fhir.DefaultLimits()); fhir.CodeOf(err) != fhir.Value {
		t.Errorf("an id with a space: %v", err)
	}
}

func TestRenderReplacesText(t *testing.T) {
	root := parse(t, `{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"},"note":[{"text":"urn:uuid:1"}]}`)
	r := fhir.Render(root, "Observation", "o", func(e fhir.Element) (string, bool) {
		return `Patient/"1"`, e.Name() == "reference"
	})
	want := `{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/\"1\""},"note":[{"text":"urn:uuid:1"}]}`
	if r.Body() != want {
		t.Errorf("got %s", r.Body())
	}
}

func TestParseReference(t *testing.T) {
	for text, want := range map[string]fhir.Reference{
		"Patient/1":                        {Type: "Patient", ID: "1"},
		"Patient/1/_history/2":             {Type: "Patient", ID: "1", Version: "2"},
		"http://x/fhir/Patient/1":          {Base: "http://x/fhir", Type: "Patient", ID: "1"},
		"https://x/Patient/a.b/_history/3": {Base: "https://x", Type: "Patient", ID: "a.b", Version: "3"},
		"#p":                               {Fragment: "p"},
		"#":                                {Fragment: "#"},
		"urn:uuid:5a3a":                    {},
		"Patient?identifier=a|b/c":         {Type: "Patient", Query: "identifier=a|b/c"},
		"http://x/y?z=1":                   {},
		"Patient":                          {},
		"patient/1":                        {},
		"a/Patient/1":                      {},
		"Patient/a b":                      {},
		"http://x/ValueSet/v|1.0":          {},
	} {
		want.URL = text
		if got := fhir.ParseReference(text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

package gate_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

func parsed(t testing.TB, text string) fhir.Element {
	t.Helper()
	root, err := fhir.Parse(text, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestCheckEnvelopeLeavesTheEntriesAlone(t *testing.T) {
	g := newGate(t)
	root := parsed(t, `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","gender":"man"},"request":{"method":"POST"}}]}`)
	if o := g.CheckEnvelope(root); o == nil || len(o.Issues) != 1 || o.Issues[0].Expression[0] != "Bundle.entry[0].request.url" {
		t.Errorf("envelope: %v", o)
	}
	if o := g.Check(root); o == nil || len(o.Issues) != 2 {
		t.Errorf("all: %v", o)
	}
	// The path is that within the Bundle.
	if o := g.CheckEntry(root.Get("entry").First().Get("resource"), nil); o == nil || o.Issues[0].Expression[0] != "Bundle.entry[0].resource.gender" {
		t.Errorf("entry: %v", o)
	}
}

func TestCheckEntryKnowsTheTypesOfOtherEntries(t *testing.T) {
	g := newGate(t)
	types := map[string]string{"urn:uuid:1": "Patient", "urn:uuid:2": "Organization"}
	typeOf := func(url string) string { return types[url] }
	for reference, wrong := range map[string]string{"urn:uuid:1": "a reference to Patient", "urn:uuid:2": "", "urn:uuid:3": ""} {
		root := parsed(t, `{"resourceType":"Patient","managingOrganization":{"reference":"`+reference+`"}}`)
		o := g.CheckEntry(root, typeOf)
		if (o == nil) != (wrong == "") || o != nil && !strings.Contains(o.Error(), wrong) {
			t.Errorf("%s: %v", reference, o)
		}
	}
}

func TestReferencesThatPass(t *testing.T) {
	g := newGate(t)
	for _, reference := range []string{`"reference":"Organization/1"`, `"reference":"Organization/1/_history/2"`, `"reference":"http://example.org/fhir/Organization/1"`,
		`"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`, `"reference":"Organization?identifier=1"`, `"reference":"#o"`,
		`"reference":"http://example.org/people/1"`, `"reference":"http://example.org/Foo/1"`, `"display":"x"`, `"type":"http://example.org/logical"`,
		`"type":"Organization","identifier":{"value":"1"}`, `"_reference":{"id":"x"}`} {
		text := `{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x","endpoint":[{"reference":"#e"}],
			"partOf":{"reference":"#o"}},{"resourceType":"Endpoint","id":"e","status":"active","connectionType":{"code":"x"},"payloadType":[{"text":"x"}],"address":"http://a"},
			{"resourceType":"Observation","id":"v","status":"final","code":{"text":"x"},"subject":{"reference":"#"}}],"managingOrganization":{` + reference + `}}`
		if o := g.Check(parsed(t, text)); o != nil {
			t.Errorf("%s: %v", reference, o)
		}
	}
}

// What stands in for a value that is not known passes where the value would be required (http://hl7.org/fhir/R4/extensibility.html#Special-Case).
func TestValuesReplacedByExtensionsPass(t *testing.T) {
	g := newGate(t)
	const absent = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	for _, text := range []string{
		`{"resourceType":"Observation","_status":` + absent + `,"code":` + absent + `}`,
		`{"resourceType":"Patient","name":[{"given":[null,"B"],"_given":[` + absent + `,null]}],"_deceasedBoolean":` + absent + `}`,
		`{"resourceType":"Patient","name":[{"_given":[` + absent + `,{"id":"x"}]}],"deceasedBoolean":true,"_deceasedBoolean":{"id":"d"}}`,
		`{"resourceType":"Condition","subject":` + absent + `,"clinicalStatus":` + absent + `}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div>x</div>","_div":{"id":"d"}}}`,
	} {
		if o := g.Check(parsed(t, text)); o != nil {
			t.Errorf("%s: %v", text, o)
		}
	}
}

func TestLanguagesAndMediaTypesThatPass(t *testing.T) {
	g := newGate(t)
	for _, tag := range []string{"en", "de-CH", "zh-Hans-CN", "sl-rozaj-biske-1994", "x-private", "i-klingon", "art-lojban", "es-419"} {
		if o := g.Check(parsed(t, `{"resourceType":"Patient","language":"`+tag+`"}`)); o != nil {
			t.Errorf("%s: %v", tag, o)
		}
	}
	for _, media := range []string{"text/plain", "text/plain; charset=UTF-8", "application/fhir+json", "application/vnd.ms-excel", "image/svg+xml", "application/hl7-cda+xml;x=y"} {
		if o := g.Check(parsed(t, `{"resourceType":"Binary","contentType":"`+media+`"}`)); o != nil {
			t.Errorf("%s: %v", media, o)
		}
	}
}

func TestParseReportsWhatEitherFinds(t *testing.T) {
	g := newGate(t)
	root, err := g.Parse(`{"resourceType":"Patient","birthDate":null,"gender":"man"}`, fhir.DefaultLimits())
	if o := fhir.AsOutcome(err); o == nil || len(o.Issues) != 2 || !root.Exists() {
		t.Errorf("both: %v", err)
	}
	if root, err := g.Parse(`{"resourceType":"Patient","birthDate":"1970-03-30"}`, fhir.DefaultLimits()); err != nil || !root.Exists() {
		t.Errorf("a valid resource: %v", err)
	}
	if root, err := g.Parse(`{"resourceType":`, fhir.DefaultLimits()); fhir.CodeOf(err) != fhir.Structure || root.Exists() {
		t.Errorf("no JSON: %v", err)
	}
	if _, err := g.Parse(`{"resourceType":"Patient","birthDate":"1970-03-30"}`, fhir.Limits{Bytes: 10}); fhir.CodeOf(err) != fhir.TooLong {
		t.Errorf("too long: %v", err)
	}
}

// A text of nothing but mistakes, or of references to each other, must not cost more than its length is worth.
func TestCheckTakesTimeInProportion(t *testing.T) {
	g := newGate(t)
	times := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	for _, c := range []struct{ name, text string }{
		{"unknown elements", `{"resourceType":"Patient","contact":[` + times(100_000, `{"nonsense":1}`) + `]}`},
		{"missing elements", `{"resourceType":"Patient","link":[` + times(100_000, `{"id":"x"}`) + `]}`},
		{"wrong codes", `{"resourceType":"Patient","contact":[` + times(100_000, `{"gender":"man"}`) + `]}`},
		{"wrong strings", `{"resourceType":"Patient","name":[{"given":[` + times(300_000, `5`) + `]}]}`},
		{"null", `{"resourceType":"Patient","name":[` + times(300_000, `null`) + `]}`},
		{"contained resources and references", `{"resourceType":"Patient","contained":[` + times(50_000, `{"resourceType":"Basic","id":"x","code":{"text":"x"}}`) +
			`],"generalPractitioner":[` + times(50_000, `{"reference":"#y"}`) + `]}`},
		{"tags", `{"resourceType":"Patient","text":{"status":"generated","div":"<div>` + strings.Repeat("<p>", 500_000) + `"}}`},
		{"ampersands", `{"resourceType":"Patient","text":{"status":"generated","div":"<div>` + strings.Repeat("&amp;", 500_000) + `"}}`},
		{"attributes", `{"resourceType":"Patient","text":{"status":"generated","div":"<div ` + strings.Repeat("title='' ", 200_000) + `"}}`},
	} {
		start := time.Now()
		o := g.Check(parsed(t, c.text))
		if o == nil || len(o.Issues) > 101 {
			t.Errorf("%s: %.200v", c.name, o)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %v", c.name, took)
		}
	}
}

func TestCheckSaysWhereItEnds(t *testing.T) {
	o := newGate(t).Check(parsed(t, `{"resourceType":"Patient","name":[`+strings.TrimSuffix(strings.Repeat(`{"nonsense":1},`, 200), ",")+`]}`))
	if last := o.Issues[len(o.Issues)-1]; len(o.Issues) != 101 || last.Code != fhir.Incomplete || last.Severity != fhir.Information {
		t.Errorf("%d issues, the last %v", len(o.Issues), o.Issues[len(o.Issues)-1])
	}
}

func TestGateIsSafeForConcurrentUse(t *testing.T) {
	g := newGate(t)
	root := parsed(t, `{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"},"gender":"man"}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if o := g.Check(root); o == nil || len(o.Issues) != 1 {
					t.Error(o)
				}
			}
		})
	}
	all.Wait()
}

// The gate looks for required bindings on codes and CodeableConcepts only, and keeps a set of elements in two words.
func TestWhatTheGateTakesForGranted(t *testing.T) {
	for _, typ := range newSpec(t).Types() {
		if len(typ.Elements) > 128 {
			t.Errorf("%s has %d elements", typ.Name, len(typ.Elements))
		}
		for _, e := range typ.Elements {
			for i := range e.Types {
				ref := &e.Types[i]
				required := e.Binding != nil && e.Binding.Strength == r4.RequiredBinding && e.Binding.ValueSet != nil
				if required && ref.Type.Kind != r4.Primitive && ref.Type.Name != "CodeableConcept" {
					t.Errorf("%s.%s has a required binding", typ.Name, ref.Name)
				}
				if ref.Profile != "" && ref.Profile != "SimpleQuantity" {
					t.Errorf("%s.%s has the profile %s", typ.Name, ref.Name, ref.Profile)
				}
			}
		}
	}
}

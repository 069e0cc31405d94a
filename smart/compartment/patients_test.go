package compartment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

func newParams(t testing.TB) *search.Params {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return search.NewParams(spec, nil)
}

func parse(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(text, fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func TestPatients(t *testing.T) {
	p, err := New(newParams(t))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"resourceType":"Patient","id":"a","link":[{"other":{"reference":"Patient/b"}}],"generalPractitioner":[{"reference":"Practitioner/x"}]}`:                                                                                                    "a",
		`{"resourceType":"Observation","subject":{"reference":"Patient/a"},"performer":[{"reference":"Practitioner/x"},{"reference":"Patient/b"},{"reference":"Patient/a"}]}`:                                                                        "a b",
		`{"resourceType":"Observation","subject":{"reference":"Patient/a/_history/3"},"focus":[{"reference":"Patient/b"}]}`:                                                                                                                          "a",
		`{"resourceType":"Observation","subject":{"reference":"http://here/fhir/Patient/a"}}`:                                                                                                                                                        "a",
		`{"resourceType":"Observation","subject":{"reference":"http:\/\/here\/fhir\/Patient\/a"}}`:                                                                                                                                                   "a",
		`{"resourceType":"Observation","subject":{"reference":"http://there/fhir/Patient/a"}}`:                                                                                                                                                       "",
		`{"resourceType":"Observation","subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}`:                                                                                                                              "",
		`{"resourceType":"Observation","subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}}`:                                                                                                                                     "",
		`{"resourceType":"Observation","subject":{"identifier":{"value":"Patient/a"},"display":"\"reference\":\"Patient/b\"","type":"Patient"}}`:                                                                                                     "",
		`{"resourceType":"Observation","subject":{"extension":[{"url":"x","valueReference":{"reference":"Patient/b"}}],"reference":"Patient/a"}}`:                                                                                                    "a",
		`{"resourceType":"Observation","valueString":"\\\"}],{[\\","note":[{"text":"}"}],"valueInteger":7,"subject":{"reference":"Patient/a"}}`:                                                                                                      "a",
		`{"resourceType":"Observation","subject":{"reference":"Patient/a"},"valueQuantity":{"value":1e3,"unit":"{x}"}}`:                                                                                                                              "a",
		`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/a"}},{"status":"accepted"},{"actor":{"reference":"Patient/b"}}]}`:                                                                                               "a b",
		`{"resourceType":"Task","for":{"reference":"Patient/a"}}`:                                                                                                                                                                                    "a",
		`{"resourceType":"Device","patient":{"reference":"Patient/a"}}`:                                                                                                                                                                              "a",
		`{"resourceType":"Provenance","target":[{"reference":"Patient/a"},{"reference":"Observation/x"}]}`:                                                                                                                                           "a",
		`{"resourceType":"Organization","name":"Patient/a"}`:                                                                                                                                                                                         "",
		`{"resourceType":"Bundle","entry":[{"resource":{"id":"a","resourceType":"Patient"}},{"resource":{"resourceType":"Observation","subject":{"reference":"Patient/b"}}},{"fullUrl":"x"}]}`:                                                       "a b",
		`{"resourceType":"Parameters","parameter":[{"name":"x","resource":{"resourceType":"Patient","id":"a"}},{"name":"y","part":[{"name":"z","resource":{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"b"}}]}}]}]}`: "a b",
		`{"resourceType":"AuditEvent","agent":[{"who":{"reference":"Patient/b"}}],"entity":[{"what":{"reference":"Patient/a"}}]}`:                                                                                                                    "b a",
	} {
		var found IDs
		if p.Of(&found, parse(t, text), "http://here/fhir"); strings.Join(found.List, " ") != want {
			t.Errorf("%s: %v, want %s", text, found.List, want)
		}
	}
}

// TestPatientsAsIndexed: the patients that are found in the text are those in whose compartments the index values put the resource.
func TestPatientsAsIndexed(t *testing.T) {
	params := newParams(t)
	p, err := New(params)
	if err != nil {
		t.Fatal(err)
	}
	compartment := params.Spec().Compartment("Patient")
	random := rand.New(rand.NewPCG(1, 2))
	total := 0
	for _, typ := range params.Spec().Resources() {
		if len(compartment.Each[typ]) == 0 || typ == "Patient" {
			continue
		}
		for range 20 {
			r := parse(t, grown(random, typ, p.paths[typ]))
			var got IDs
			p.Of(&got, r, "")
			var want []string
			values := params.Values(r)
			for i := range 6 {
				member, err := params.Compartment(search.Compartment{Type: "Patient", ID: fmt.Sprint("p", i)}, typ, "")
				if err != nil {
					t.Fatal(err)
				}
				if search.Match(member, r, values, nil) {
					want = append(want, fmt.Sprint("p", i))
				}
			}
			total += len(want)
			if slices.Sort(got.List); !slices.Equal(got.List, want) {
				t.Errorf("%s: %v, want %v", r.Body(), got.List, want)
			}
		}
	}
	if total < 500 {
		t.Errorf("only %d patients", total)
	}
}

// grown makes a resource with references at random where the compartment's are, and at other places. Whether elements repeat does not
// matter to either side.
func grown(random *rand.Rand, typ string, at *step) string {
	w := fhir.NewWriter(1024)
	w.Object().Name("resourceType").String(typ).Name("note").Array().Object().Name("text").String(`"}]{["\`).EndObject().EndArray()
	var grow func(*step)
	grow = func(s *step) {
		for _, next := range s.next {
			if next.refers {
				w.Name(next.name).String(fmt.Sprint([]string{"Patient/p", "Practitioner/p", "Group/p"}[random.IntN(3)], random.IntN(6)))
				continue
			}
			if random.IntN(4) == 0 {
				continue
			}
			w.Name(next.name)
			n := random.IntN(3)
			if n != 1 {
				w.Array()
			}
			for range max(n, 1) {
				w.Object()
				grow(next)
				w.Name("display").String("Patient/p0").EndObject()
			}
			if n != 1 {
				w.EndArray()
			}
		}
	}
	grow(at)
	return string(w.EndObject().Take())
}

// FuzzPatients: whatever can be parsed can be walked.
func FuzzPatients(f *testing.F) {
	p, err := New(newParams(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"resourceType":"Observation","subject":{"reference":"Patient/a"},"x":["\\\"",[],{},1,null,true]}`)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"a"}},[{"resource":7}],{"resource":[]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		root, _ := fhir.Parse(text, fhir.Limits{Depth: 50})
		r, err := fhir.NewResource(root)
		if err != nil {
			return
		}
		var found IDs
		p.Of(&found, r, "")
		for _, id := range found.List {
			if !strings.Contains(unescaped(strings.ReplaceAll(text, `"`, "")), id) && !strings.Contains(text, `\`) {
				t.Errorf("%s is not in %s", id, text)
			}
		}
	})
}

func BenchmarkPatients(b *testing.B) {
	p, err := New(newParams(b))
	if err != nil {
		b.Fatal(err)
	}
	r := parse(b, `{"resourceType":"Observation","id":"x","meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs"]},"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":"Patient/6c5d9ca9-54d7-42f5-bfae-a7c19cd217f2"},"encounter":{"reference":"Encounter/6c5d9ca9-54d7-42f5-bfae-a7c19cd217f2"},"effectiveDateTime":"2011-05-31T14:30:00-04:00","issued":"2011-05-31T14:30:00.123-04:00","valueQuantity":{"value":181.6,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}`)
	b.ReportAllocs()
	for b.Loop() {
		var found IDs
		p.Of(&found, r, "")
	}
}

package fhir_test

import (
	"encoding/json"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

func TestParseReportsEveryMistakeWithItsPath(t *testing.T) {
	const body = `{"resourceType":"Patient","name":[{"family":"A","family":"B"}],"birthDate":null,
		"contact":[{}],"telecom":[],"gender":"","address":[{"city":null}]}`
	_, err := fhir.Parse(body, fhir.DefaultLimits())
	got := map[string]fhir.IssueType{}
	for _, issue := range fhir.AsOutcome(err).Issues {
		got[issue.Expression[0]] = issue.Code
	}
	want := map[string]fhir.IssueType{
		"Patient.name[0].family":  fhir.Structure,
		"Patient.birthDate":       fhir.Structure,
		"Patient.contact[0]":      fhir.Structure,
		"Patient.telecom":         fhir.Structure,
		"Patient.gender":          fhir.Value,
		"Patient.address[0].city": fhir.Structure,
	}
	for path, code := range want {
		if got[path] != code {
			t.Errorf("%s: got %q, want %q (all: %v)", path, got[path], code, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d issues, want %d: %v", len(got), len(want), err)
	}
}

func TestParseRefusesMalformedText(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"empty", "", "empty"},
		{"blank", " \n\t", "empty"},
		{"cut off", `{"resourceType":"Patient"`, "ends inside an object"},
		{"cut off string", `{"resourceType":"Pat`, "ends inside a string"},
		{"two documents", `{"a":1}{}`, "after the end"},
		{"single quotes", `{'a':1}`, "line 1, column 2"},
		{"trailing comma", `{"a":1,}`, "property name"},
		{"leading zero", `{"a":01}`, "superfluous 0"},
		{"bare minus", `{"a":-}`, "digit after '-'"},
		{"bare dot", `{"a":1.}`, "digit after '.'"},
		{"bare exponent", `{"a":1e}`, "digit in its exponent"},
		{"NaN", `{"a":NaN}`, "a value was expected"},
		{"control character", "{\"a\":\"x\ny\"}", "U+000A"},
		{"unknown escape", `{"a":"\x"}`, "unknown escape"},
		{"half a surrogate", `{"a":"\ud800"}`, "surrogate"},
		{"wrong half", `{"a":"\ud800\u0041"}`, "surrogate"},
		{"short unicode escape", `{"a":"\u00g0"}`, "four hexadecimal"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "UTF-8 (byte 0xff in line 1, column 7)"},
		{"too deep", strings.Repeat("[", 70) + "1" + strings.Repeat("]", 70), "deeper than 64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := fhir.Parse(test.body, fhir.DefaultLimits())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		body   string
		limits fhir.Limits
	}{
		{"bytes", `{"a":"0123456789"}`, fhir.Limits{Bytes: 10}},
		{"depth", `{"a":{"b":{"c":1}}}`, fhir.Limits{Depth: 2}},
		{"nodes", `{"a":[1,2,3,4]}`, fhir.Limits{Nodes: 4}},
		{"string", `{"a":"0123456789"}`, fhir.Limits{String: 9}},
	} {
		if _, err := fhir.Parse(test.body, test.limits); fhir.CodeOf(err) != fhir.TooLong {
			t.Errorf("%s: got %v, want too-long", test.name, err)
		}
		if _, err := fhir.Parse(test.body, fhir.Limits{}); err != nil {
			t.Errorf("%s without limit: %v", test.name, err)
		}
	}
}

func TestParseDecodesPropertyNamesAndText(t *testing.T) {
	root, err := fhir.Parse("\ufeff"+`{"a\u0062":"\ud83d\ude00 \"\\\/\b\f\n\r\t é","n":1.10e+2,"b":true}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := root.Get("ab").Text(), "😀 \"\\/\b\f\n\r\t é"; got != want {
		t.Errorf("string: got %q, want %q", got, want)
	}
	if got := root.Get("n").Text(); got != "1.10e+2" {
		t.Errorf("number literal: got %q", got)
	}
	if got := root.Get("b").Text(); got != "true" {
		t.Errorf("boolean: got %q", got)
	}
	if _, err := fhir.Parse(`{"ab":1,"a\u0062":2}`, fhir.DefaultLimits()); fhir.CodeOf(err) != fhir.Structure {
		t.Errorf("a duplicate written with an escape was not found: %v", err)
	}
}

// FuzzParse compares with encoding/json: whatever Parse accepts is JSON, and whatever is valid JSON is refused only
// for a reason of FHIR's.
func FuzzParse(f *testing.F) {
	f.Add(`{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"n":-1.0e-5}`)
	f.Add(`[1,"\ud83d\ude00",{"a":{}},null]`)
	f.Add(`"\u0000"`)
	f.Fuzz(func(t *testing.T, data string) {
		root, err := fhir.Parse(data, fhir.Limits{Depth: 100})
		if root.Exists() != json.Valid([]byte(strings.TrimPrefix(data, "\ufeff"))) {
			if fhir.CodeOf(err) == fhir.TooLong || strings.Contains(err.Error(), "surrogate") || strings.Contains(err.Error(), "UTF-8") {
				return
			}
			t.Fatalf("parsed=%v but json.Valid says otherwise: %v", root.Exists(), err)
		}
		if !root.Exists() {
			return
		}
		walk(root)
		if r, err := fhir.NewResource(root); err == nil {
			again, err := fhir.NewResource(r.Root())
			if err != nil || again.Body() != r.Body() {
				t.Fatalf("canonical text is not a fixed point: %q then %q (%v)", r.Body(), again.Body(), err)
			}
		}
	})
}

func walk(e fhir.Element) {
	_ = e.Text()
	_ = e.Path()
	for c := e.First(); c.Exists(); c = c.Next() {
		for item := range e.Each(c.Name()) {
			_ = item.Name()
		}
		walk(c)
	}
}

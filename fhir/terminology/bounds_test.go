package terminology_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

func TestExpansionOnly(t *testing.T) {
	l := newLibrary(t, zoo, `CodeSystem/part {"url":"urn:part","status":"active","content":"fragment","concept":[{"code":"a"}]}`)
	const contains = `"contains":[{"display":"Pets","contains":[{"system":"urn:zoo","code":"cat"},{"system":"urn:zoo","code":"dog","abstract":true}]},{"system":"urn:zoo","code":"bat"}]`
	const unknown = `"compose":{"include":[{"system":"http://loinc.org","filter":[{"property":"x","op":"=","value":"y"}]}]}`
	for _, c := range []struct{ name, set, want string }{
		{"alone", `"expansion":{` + contains + `}`, "bat cat dog"},
		{"with its total", `"expansion":{"total":3,` + contains + `}`, "bat cat dog"},
		{"empty", `"expansion":{"timestamp":"2024-01-01"}`, ""},
		{"beside a compose that can be evaluated", `"compose":{"include":[{"system":"urn:zoo","concept":[{"code":"pet"}]}]},"expansion":{` + contains + `}`, "pet"},
		{"beside one that cannot", unknown + `,"expansion":{` + contains + `}`, "bat cat dog"},
		{"beside one that draws on what is not here", `"compose":{"include":[{"valueSet":["urn:nowhere"]}]},"expansion":{` + contains + `}`, "bat cat dog"},
		{"beside one that draws on a fragment", `"compose":{"include":[{"system":"urn:part","filter":[{"property":"concept","op":"exists","value":"true"}]}]},"expansion":{` + contains + `}`, "bat cat dog"},
		{"an incomplete one beside such", `"compose":{"include":[{"system":"urn:part","filter":[{"property":"concept","op":"exists","value":"true"}]}]},"expansion":{"total":99,` + contains + `}`, "urn:part|a (partial)"},
		{"neither", `"status":"active"`, "error not-supported"},
		{"a page of it", `"expansion":{"offset":10,` + contains + `}`, "error not-supported"},
		{"a part of it", `"expansion":{"total":99,` + contains + `}`, "error not-supported"},
		{"one that is not closed", `"expansion":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/valueset-unclosed","valueBoolean":true}],` + contains + `}`, "error not-supported"},
		{"a part of it, beside a compose", unknown + `,"expansion":{"total":99,` + contains + `}`, "error not-supported"},
	} {
		l.put(`ValueSet/x {"url":"urn:x",` + c.set + `}`)
		if got := l.expand("urn:x"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	version := func(id, version, status, date string) string {
		return `ValueSet/` + id + ` {"url":"urn:v","version":"` + version + `","status":"` + status + `","date":"` + date + `","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"` + id + `"}]}]}}`
	}
	l := newLibrary(t, version("old", "1.9", "active", "2024"), version("new", "1.10", "active", "2020"), version("beta", "1.10-beta", "active", "2024"),
		version("draft", "2.0", "draft", "2025"), version("retired", "3.0", "retired", "2025"),
		`ValueSet/undated {"url":"urn:d","status":"active","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"undated"}]}]}}`,
		`ValueSet/dated {"url":"urn:d","status":"active","date":"2024-01","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"dated"}]}]}}`,
		`ValueSet/gender {"url":"http://hl7.org/fhir/ValueSet/administrative-gender","version":"5.0","status":"draft","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"own"}]}]}}`,
		`ValueSet/around {"contained":[{"resourceType":"ValueSet","id":"in","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"inner"}]}]}}],"compose":{"include":[{"valueSet":["#in"]}]}}`,
		`ValueSet/odd {"url":"urn:a,b$d\\e","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"odd"}]}]}}`,
		`CodeSystem/sct {"url":"http://snomed.info/sct","content":"fragment","concept":[{"code":"73211009","concept":[{"code":"44054006"}]},{"code":"404684003"}]}`,
	)
	for name, want := range map[string]string{
		"urn:v": "new", "urn:v|1.9": "old", "urn:v|2.0": "draft", "urn:v|1.10-beta": "beta", "urn:v|4": "error not-found", "urn:d": "dated",
		"ValueSet/old": "old", "ValueSet/old/_history/1": "old", "ValueSet/old/_history/7": "error not-found", "ValueSet/none": "error not-found",
		"ValueSet/around": "inner", "#in": "error not-found", "Patient/1": "error invalid", "": "error not-found", "|": "error not-found", "old": "error not-found", `urn:a,b$d\e`: "odd",
		"http://hl7.org/fhir/ValueSet/administrative-gender": "own",
		"http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1": "http://hl7.org/fhir/administrative-gender|female http://hl7.org/fhir/administrative-gender|male " +
			"http://hl7.org/fhir/administrative-gender|other http://hl7.org/fhir/administrative-gender|unknown",
		"http://hl7.org/fhir/ValueSet/administrative-gender|4.3": "error not-found",
		"http://snomed.info/sct?fhir_vs":                         "http://snomed.info/sct|*",
		"http://snomed.info/sct?fhir_vs=isa/73211009":            "http://snomed.info/sct|44054006 http://snomed.info/sct|73211009 (partial)",
		"http://snomed.info/sct?fhir_vs=isa/1":                   "error not-supported",
		"http://snomed.info/sct?fhir_vs=refset/1":                "error not-found",
	} {
		if got := l.expand(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestBounds: definitions are written by clients, and each of them costs no more than it may.
func TestBounds(t *testing.T) {
	l := newLibrary(t)
	var deep, wide []string
	for i := range 40 {
		deep = append(deep, fmt.Sprintf(`ValueSet/deep%d {"url":"urn:deep%d","compose":{"include":[{"valueSet":["urn:deep%d"]}]}}`, i, i, i+1))
	}
	for i := range 600 {
		wide = append(wide, fmt.Sprintf(`{"valueSet":["urn:w%d"]}`, i))
		l.put(fmt.Sprintf(`ValueSet/w%d {"url":"urn:w%d","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"%d"}]}]}}`, i, i, i))
	}
	l.put(deep...)
	l.put(`ValueSet/wide {"url":"urn:wide","compose":{"include":[` + strings.Join(wide, ",") + `]}}`)
	// Every set includes every other: the ways through them are without number.
	var dense []string
	for i := range 20 {
		dense = append(dense, fmt.Sprintf(`{"valueSet":["urn:dense%d"]}`, i))
	}
	for i := range 20 {
		l.put(fmt.Sprintf(`ValueSet/dense%d {"url":"urn:dense%d","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"%d"}]},%s]}}`, i, i, i, strings.Join(dense, ",")))
	}
	concepts := func(n int, more string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"code":"c%d"%s}`, i, more)
		}
		return strings.Join(list, ",")
	}
	l.put(
		`ValueSet/most {"url":"urn:most","compose":{"include":[{"system":"urn:s","concept":[`+concepts(100_000, "")+`]}]}}`,
		`ValueSet/more {"url":"urn:more","compose":{"include":[{"system":"urn:s","concept":[`+concepts(100_001, "")+`]}]}}`,
		`CodeSystem/big {"url":"urn:big","content":"complete","concept":[`+concepts(10_000, `,"display":"`+strings.Repeat("a", 300)+`"`)+`]}`,
		`ValueSet/regex {"url":"urn:regex","compose":{"include":[{"system":"urn:big","filter":[{"property":"display","op":"regex","value":"`+strings.Repeat("a?", 300)+strings.Repeat("a", 300)+`"}]}]}}`,
		`ValueSet/work {"url":"urn:work","compose":{"include":[`+strings.Repeat(`{"system":"urn:big"},`, 1000)+`{"system":"urn:big"}]}}`,
	)
	for name, want := range map[string]string{"deep9": "error not-found", "deep0": "error too-costly", "wide": "error too-costly", "more": "error too-costly",
		"dense0": "error too-costly", "regex": "error too-costly", "work": "error too-costly"} {
		if got := l.expand("urn:" + name); got != want {
			t.Errorf("%s: %.100q, want %q", name, got, want)
		}
	}
	if codes, err := l.evaluator().Expand(t.Context(), "urn:most"); err != nil || codes.Len() != 100_000 {
		t.Errorf("100,000 codes on the way: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.evaluator().Expand(ended, "urn:big"); err == nil {
		t.Error("an evaluation went on that nobody waited for")
	}
}

// TestMaxCodes: a search asks for no more codes than it may, altogether.
func TestMaxCodes(t *testing.T) {
	l := newLibrary(t)
	list := make([]string, 10_001)
	for i := range list {
		list[i] = fmt.Sprintf(`{"code":"c%d"}`, i)
	}
	l.put(`ValueSet/most {"url":"urn:most","compose":{"include":[{"system":"urn:s","concept":[`+strings.Join(list[:10_000], ",")+`]}]}}`,
		`ValueSet/more {"url":"urn:more","compose":{"include":[{"system":"urn:s","concept":[`+strings.Join(list, ",")+`]}]}}`)
	for query, want := range map[string]fhir.IssueType{
		"code:in=urn:most": "", "code:in=urn:most&code:not-in=urn:most": "", "code:in=urn:more": fhir.TooCostly, "code:in=urn:most,urn:more": fhir.TooCostly,
		"code:in=urn:most" + strings.Repeat("&code:in=urn:most", 20):                         fhir.TooCostly,
		"subject:Patient.general-practitioner.name:missing=true&has-member.code:in=urn:most": "",
	} {
		params, err := fhir.ParseParams(query)
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := l.params.Parse("Observation", params, search.Options{Strict: true})
		if err == nil {
			_, _, err = l.evaluator().Resolve(t.Context(), q, true)
		}
		if fhir.CodeOf(err) != want {
			t.Errorf("%.60s: %v, want %q", query, err, want)
		}
	}
}

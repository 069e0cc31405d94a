package search_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// TestOfficialComposites: every composite of R4 is served, its parts have the types of what they lead to, and composites share
// the slots that they have in common.
func TestOfficialComposites(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	p := newParams(t)
	for _, def := range spec.SearchParams() {
		for _, base := range def.Base {
			if def.Type != r4.CompositeParam {
				continue
			}
			param := p.Param(base, def.Code)
			if param == nil {
				t.Errorf("%s?%s is not served", base, def.Code)
			} else if len(param.Parts) != len(def.Components) || len(param.Sources) == 0 {
				t.Errorf("%s?%s has %d parts and %d sources", base, def.Code, len(param.Parts), len(param.Sources))
			}
		}
	}
	for name, want := range map[string]string{
		"Observation?code-value-quantity":                    "token quantity",
		"Observation?code-value-concept":                     "token token",
		"Observation?code-value-date":                        "token date",
		"Observation?code-value-string":                      "token string",
		"DocumentReference?relationship":                     "token reference",
		"MolecularSequence?chromosome-variant-coordinate":    "token number number",
		"MolecularSequence?referenceseqid-window-coordinate": "token number number",
		"ValueSet?context-type-quantity":                     "token quantity",
		"ResearchElementDefinition?context-type-value":       "token token",
		"Group?characteristic-value":                         "token token",
	} {
		typ, code, _ := strings.Cut(name, "?")
		var kinds []string
		if param := p.Param(typ, code); param != nil {
			for _, part := range param.Parts {
				kinds = append(kinds, string(part.Type))
			}
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s has the parts %q, want %q", name, got, want)
		}
	}
	slots := func(code string) []search.Source { return p.Param("Observation", code).Sources }
	if slots("combo-code-value-quantity")[0] != slots("code-value-quantity")[0] || slots("combo-code-value-quantity")[1] != slots("component-code-value-quantity")[0] {
		t.Error("the composites of Observation do not share their slots")
	}
}

// TestCombinationsAreBounded: what the codings of one element can multiply to is kept within limits.
func TestCombinationsAreBounded(t *testing.T) {
	coding := func(n int) string {
		codings := make([]string, n)
		for i := range codings {
			codings[i] = fmt.Sprintf(`{"code":"c%d"}`, i)
		}
		return `{"coding":[` + strings.Join(codings, ",") + `]}`
	}
	count := func(body string) int {
		r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"1",`+body+`}`, fhir.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		return len(newParams(t).Values(r).Composites)
	}
	component := func(codes, values int) string {
		return `{"code":` + coding(codes) + `,"valueCodeableConcept":` + coding(values) + `}`
	}
	for body, want := range map[string]int{
		`"code":` + coding(3) + `,"valueCodeableConcept":` + coding(4):                                                12,
		`"code":` + coding(300) + `,"valueCodeableConcept":` + coding(400):                                            1_000,
		`"component":[` + strings.Repeat(component(1, 1)+",", 999) + component(1, 1) + `]`:                            1_000,
		`"component":[` + strings.Repeat(component(40, 40)+",", 20) + component(1, 1) + `]`:                           10_000,
		`"code":` + coding(3) + `,"component":[` + component(0, 4) + `]`:                                              0,
		`"code":` + coding(2) + `,"valueString":"x","component":[` + component(2, 1) + `,{"code":` + coding(5) + `}]`: 4,
	} {
		if body = strings.ReplaceAll(body, `{"coding":[]}`, `{"text":"x"}`); count(body) != want {
			t.Errorf("%.60s… gives %d combinations, want %d", body, count(body), want)
		}
	}
}

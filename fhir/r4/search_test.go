package r4_test

import (
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

func TestSearchParamsResolve(t *testing.T) {
	spec := decoded(t)
	byURL := map[string]*r4.SearchParam{}
	for _, p := range spec.SearchParams() {
		byURL[p.URL] = p
	}
	type name struct{ base, code string }
	names := map[name]string{}
	noBase, noExpression, noTarget := 0, 0, 0
	for i, p := range spec.SearchParams() {
		if i > 0 && spec.SearchParams()[i-1].URL >= p.URL {
			t.Errorf("%s is out of order", p.URL)
		}
		for _, base := range p.Base {
			if typ := spec.Type(base); typ == nil || typ.Kind != r4.Resource {
				t.Errorf("%s: base %s", p.URL, base)
			}
			if twice := names[name{base, p.Code}]; twice != "" {
				t.Errorf("%s?%s is %s and %s", base, p.Code, twice, p.URL)
			}
			names[name{base, p.Code}] = p.URL
		}
		for _, target := range p.Targets {
			if !spec.IsResource(target) {
				t.Errorf("%s: target %s", p.URL, target)
			}
		}
		if (p.Components != nil) != (p.Type == r4.CompositeParam) {
			t.Errorf("%s: %s with %d components", p.URL, p.Type, len(p.Components))
		}
		for _, c := range p.Components {
			if part := byURL[c.Definition]; part == nil || part.Type == r4.CompositeParam || c.Expression == "" {
				t.Errorf("%s: component %s %q", p.URL, c.Definition, c.Expression)
			}
		}
		if p.Base == nil {
			noBase++
		}
		if p.Expression == "" {
			noExpression++
		}
		if p.Type == r4.ReferenceParam && p.Targets == nil {
			noTarget++
		}
	}
	// As published: extensions of CodeSystem and ValueSet name no base, three references no target.
	if noBase != 10 || noExpression != 16 || noTarget != 3 {
		t.Errorf("%d without base, %d without expression, %d references without target", noBase, noExpression, noTarget)
	}
}

func TestSearchParams(t *testing.T) {
	spec := decoded(t)
	get := func(url string) *r4.SearchParam {
		for _, p := range spec.SearchParams() {
			if p.URL == "http://hl7.org/fhir/SearchParameter/"+url {
				return p
			}
		}
		return nil
	}
	if p := get("clinical-patient"); p == nil || len(p.Base) != 32 || !strings.Contains(p.Expression, " | ") || !slices.Equal(p.Targets, []string{"Patient", "Group"}) {
		t.Errorf("clinical-patient: %+v", p)
	}
	if p := get("individual-birthdate"); p == nil || !slices.Equal(p.Base, []string{"Patient", "Person", "RelatedPerson"}) || p.Type != r4.DateParam || len(p.Comparator) != 9 {
		t.Errorf("individual-birthdate: %+v", p)
	}
	if p := get("Observation-code-value-quantity"); p == nil || len(p.Components) != 2 || p.Components[1].Definition != "http://hl7.org/fhir/SearchParameter/Observation-value-quantity" {
		t.Errorf("Observation-code-value-quantity: %+v", p)
	}
	if p := get("filter"); p == nil || p.Code != "_filter" || p.Type != r4.SpecialParam {
		t.Errorf("filter: %+v", p)
	}
	for _, url := range []string{"example", "example-extension", "example-reference", "DetectedIssue-status", "DeviceDefinition-classification", "ServiceRequest-order-detail"} {
		if get(url) != nil {
			t.Errorf("%s is not R4's", url)
		}
	}
}

func TestCompartments(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct {
		code  string
		types int
		own   []string // what the definition says of the compartment's own type
	}{
		{"Device", 32, nil},
		{"Encounter", 25, []string{"{def}"}},
		{"Patient", 66, []string{"link"}},
		{"Practitioner", 59, []string{"{def}"}},
		{"RelatedPerson", 32, []string{"{def}"}},
	} {
		compartment := spec.Compartment(c.code)
		if compartment == nil || len(compartment.Each) != c.types || !slices.Equal(compartment.Each[c.code], c.own) {
			t.Errorf("%s: %+v", c.code, compartment)
		}
	}
	if got := spec.Compartment("Patient").Each["Appointment"]; !slices.Equal(got, []string{"actor"}) {
		t.Errorf("Patient/Appointment: %v", got)
	}
	params := map[[2]string]bool{}
	for _, p := range spec.SearchParams() {
		for _, base := range p.Base {
			params[[2]string{base, p.Code}] = true
		}
	}
	for _, compartment := range spec.Compartments() {
		for typ, codes := range compartment.Each {
			for _, code := range codes {
				if !spec.IsResource(typ) || code != "{def}" && !params[[2]string{typ, code}] {
					t.Errorf("%s: %s?%s is no search parameter", compartment.Code, typ, code)
				}
			}
		}
	}
}

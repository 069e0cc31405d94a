package r4_test

import (
	"slices"
	"testing"

	"andiron.dev/fhir/r4"
)

// decoded gives every test its own Spec: Decode is cheap, and no test can see what another did.
func decoded(t testing.TB) *r4.Spec {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestCounts(t *testing.T) {
	spec := decoded(t)
	kinds := map[r4.Kind]int{}
	abstract := []string{}
	for _, typ := range spec.Types() {
		kinds[typ.Kind]++
		if typ.Abstract {
			abstract = append(abstract, typ.Name)
		}
	}
	slices.Sort(abstract)
	if want := []string{"BackboneElement", "DomainResource", "Element", "Resource"}; !slices.Equal(abstract, want) {
		t.Errorf("abstract types %v, want %v", abstract, want)
	}
	for _, c := range []struct {
		what       string
		have, want int
	}{
		{"primitive types", kinds[r4.Primitive], 20},
		{"complex types with Element and BackboneElement", kinds[r4.Complex], 41},
		{"resource types with Resource and DomainResource", kinds[r4.Resource], 148},
		{"concrete resource types", len(spec.Resources()), 146},
		// 1,400 in the official package, of which three are examples
		{"search parameters", len(spec.SearchParams()), 1397},
		// 47 and 6 in the official package, each with an example
		{"operations", len(spec.Operations()), 46},
		{"compartments", len(spec.Compartments()), 5},
	} {
		if c.have != c.want {
			t.Errorf("%d %s, want %d", c.have, c.what, c.want)
		}
	}
}

// R4 lists its own types in two code systems: an account of them that does not come from StructureDefinitions.
func TestTypesAreThoseThatR4Lists(t *testing.T) {
	spec := decoded(t)
	listed := spec.ValueSet("http://hl7.org/fhir/ValueSet/defined-types").Codes
	for code := range listed {
		if spec.Type(code) == nil && code != "SimpleQuantity" && code != "MoneyQuantity" { // profiles of Quantity
			t.Errorf("no type %s", code)
		}
	}
	for _, typ := range spec.Types() {
		if typ.Kind != r4.Backbone && !listed[typ.Name] {
			t.Errorf("R4 does not list the type %s", typ.Name)
		}
	}
	if !slices.IsSorted(spec.Resources()) {
		t.Error("resources are not in alphabetical order")
	}
	for _, name := range spec.Resources() {
		if !spec.IsResource(name) {
			t.Errorf("%s is no resource", name)
		}
	}
}

func TestIsResource(t *testing.T) {
	spec := decoded(t)
	for name, want := range map[string]bool{
		"Patient": true, "Bundle": true, "Parameters": true,
		"Resource": false, "DomainResource": false, "HumanName": false, "Patient.contact": false,
		"SubscriptionStatus": false, "patient": false, "": false,
	} {
		if got := spec.IsResource(name); got != want {
			t.Errorf("IsResource(%q) = %t", name, got)
		}
	}
}

func TestWhatR4LacksIsNil(t *testing.T) {
	spec := decoded(t)
	if spec.Type("Patient.photo") != nil || spec.Type("Nonsense") != nil {
		t.Error("a type that R4 lacks")
	}
	if spec.Compartment("Group") != nil {
		t.Error("a compartment that R4 lacks")
	}
	if spec.ValueSet("http://hl7.org/fhir/ValueSet/languages") != nil {
		t.Error("a value set of a preferred binding")
	}
	if _, ok := spec.Type("Patient").Property("nonsense"); ok {
		t.Error("a property that R4 lacks")
	}
}

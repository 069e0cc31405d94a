package r4_test

import (
	"slices"
	"testing"

	"andiron.dev/fhir/r4"
)

func operation(spec *r4.Spec, id string) *r4.Operation {
	for _, o := range spec.Operations() {
		if o.URL == "http://hl7.org/fhir/OperationDefinition/"+id {
			return o
		}
	}
	return nil
}

func param(params []r4.OperationParam, name string) r4.OperationParam {
	i := slices.IndexFunc(params, func(p r4.OperationParam) bool { return p.Name == name })
	if i < 0 {
		return r4.OperationParam{}
	}
	return params[i]
}

func TestOperations(t *testing.T) {
	spec := decoded(t)
	everything := operation(spec, "Patient-everything")
	if everything == nil || everything.Code != "everything" || everything.System || !everything.Type || !everything.Instance ||
		!slices.Equal(everything.Resource, []string{"Patient"}) {
		t.Fatalf("Patient-everything: %+v", everything)
	}
	if p := param(everything.Parameters, "return"); !p.Out || p.Min != 1 || p.Max != 1 || p.Type != "Bundle" {
		t.Errorf("return: %+v", p)
	}
	if p := param(everything.Parameters, "_type"); p.Out || p.Min != 0 || p.Max != r4.Unbounded || p.Type != "code" {
		t.Errorf("_type: %+v", p)
	}
	if param(everything.Parameters, "_offset").Name != "" {
		t.Error("_offset is not R4's")
	}
	lookup := operation(spec, "CodeSystem-lookup")
	property := slices.IndexFunc(lookup.Parameters, func(p r4.OperationParam) bool { return p.Name == "property" && p.Out })
	if property < 0 || len(lookup.Parameters[property].Parts) != 4 {
		t.Fatalf("CodeSystem-lookup: %+v", lookup)
	}
	if sub := param(lookup.Parameters[property].Parts, "subproperty"); len(sub.Parts) != 3 || sub.Max != r4.Unbounded || sub.Parts[0].Name != "code" {
		t.Errorf("subproperty: %+v", sub)
	}
	if p := param(operation(spec, "PlanDefinition-apply").Parameters, "subject"); p.Type != "string" || p.SearchType != "reference" {
		t.Errorf("subject: %+v", p)
	}
	if p := param(operation(spec, "ChargeItemDefinition-apply").Parameters, "account"); p.Type != "Reference" || !slices.Equal(p.Targets, []string{"Account"}) {
		t.Errorf("account: %+v", p)
	}
}

func TestEveryOperation(t *testing.T) {
	spec := decoded(t)
	for _, o := range spec.Operations() {
		if !o.System && !o.Type && !o.Instance {
			t.Errorf("%s is at no level", o.URL)
		}
		for _, name := range o.Resource {
			if typ := spec.Type(name); typ == nil || typ.Kind != r4.Resource {
				t.Errorf("%s: resource %s", o.URL, name)
			}
		}
		var walk func([]r4.OperationParam)
		walk = func(params []r4.OperationParam) {
			for _, p := range params {
				if known := spec.Type(p.Type) != nil || p.Type == "Any" || p.Type == "" && p.Parts != nil; !known {
					t.Errorf("%s: %s has the type %q", o.URL, p.Name, p.Type)
				}
				walk(p.Parts)
			}
		}
		walk(o.Parameters)
	}
}

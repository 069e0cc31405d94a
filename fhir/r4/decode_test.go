package r4_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

// A table that fhirgen did not write must never become half a specification.
func TestDecodeNamesTheLine(t *testing.T) {
	for _, c := range []struct{ file, table, want string }{
		{"types.tsv", "Patient\tresource\tDomainResource\n", "types.tsv:1: Patient comes before its base DomainResource"},
		{"types.tsv", "# comment\nA\tthing\n", `types.tsv:2: kind "thing"`},
		{"types.tsv", "A\tcomplex\nA\tcomplex\n", "types.tsv:2: second A"},
		{"types.tsv", "A\tcomplex\n\tb\t0..1\t\tB\n", `types.tsv:2: b has the unknown type "B"`},
		{"types.tsv", "A\tcomplex\n\ta\tmany\t\tA\n", `types.tsv:2: cardinality "many"`},
		{"types.tsv", "A\tcomplex\n\ta\t0..n\t\tA\n", `types.tsv:2: cardinality "0..n"`},
		{"types.tsv", "A\tcomplex\n\ta\t0..1\tX\tA\n", `types.tsv:2: flag 'X'`},
		{"types.tsv", "A\tcomplex\n\ta\t0..1\t\tA\trequired http://x\n", "types.tsv:2: value set http://x is not in valuesets.tsv"},
		{"types.tsv", "A\tcomplex\n\ta\t0..1\t\tA\tstrong http://x\n", `types.tsv:2: binding strength "strong"`},
		{"types.tsv", "\ta\t0..1\t\tA\n", "types.tsv:1: element of no type"},
		{"constraints.tsv", "Patient.nonsense\tk\terror\ttrue\tyes\n", "constraints.tsv:1: Patient.nonsense is neither a type nor an element"},
		{"constraints.tsv", "Nonsense\tk\terror\ttrue\tyes\n", "constraints.tsv:1: Nonsense is neither a type nor an element"},
		{"searchparameters.tsv", "\thttp://x\tcode\n", "searchparameters.tsv:1: component of no parameter"},
		{"searchparameters.tsv", "http://x\tcode\ttext\n", `searchparameters.tsv:1: search parameter type "text"`},
		{"compartments.tsv", "\tPatient\tlink\n", "compartments.tsv:1: Patient is in no compartment or no type"},
		{"compartments.tsv", "Patient\thttp://x\n\tNonsense\tlink\n", "compartments.tsv:2: Nonsense is in no compartment or no type"},
		{"operations.tsv", "\tp\tin\t0..1\tstring\n", "operations.tsv:1: parameter of no operation"},
		{"operations.tsv", "http://x\tx\tX\ttype\n\t\tp\tin\t0..1\n", "operations.tsv:2: part of no parameter"},
		{"operations.tsv", "http://x\tx\tX\tplanet\n", `operations.tsv:1: level "planet"`},
		{"operations.tsv", "http://x\tx\tX\ttype\n\tp\tin\tx\n", `operations.tsv:2: cardinality "x"`},
		{"valuesets.tsv", "\tcode\n", "valuesets.tsv:1: code of no value set"},
		{"codesystems.tsv", "# comment\n\tcode\n", "codesystems.tsv:2: code of no code system"},
	} {
		spec, err := r4.DecodeWith(c.file, c.table)
		if spec != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: error %v, want %s", c.file, c.table, err, c.want)
		}
	}
}

func TestConstraints(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct{ typ, element, key, severity string }{
		{"Element", "", "ele-1", "error"},
		{"Extension", "", "ext-1", "error"},
		{"DomainResource", "", "dom-6", "warning"},
		{"Patient.contact", "", "pat-1", "error"},
		{"Observation", "", "obs-7", "error"},
		{"Questionnaire.item", "", "que-1", "error"},
		{"Narrative", "div", "txt-1", "error"},
		{"Organization", "telecom", "org-3", "error"},
		{"RiskAssessment.prediction", "probability", "ras-1", "error"},
	} {
		constraints := spec.Type(c.typ).Constraints
		if c.element != "" {
			constraints = spec.Type(c.typ).Element(c.element).Constraints
		}
		found := false
		for _, k := range constraints {
			found = found || k.Key == c.key && k.Severity == c.severity && k.Expression != "" && k.Human != ""
		}
		if !found {
			t.Errorf("%s %s: no %s among %v", c.typ, c.element, c.key, constraints)
		}
	}
	if c := spec.Type("Patient").Constraints; c != nil {
		t.Errorf("Patient repeats what it inherits: %v", c)
	}
}

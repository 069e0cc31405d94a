package terminology_test

import (
	"context"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

func TestHooks(t *testing.T) {
	l := newLibrary(t, zoo, `CodeSystem/part {"url":"urn:part","status":"active","content":"fragment","concept":[{"code":"a","concept":[{"code":"b"}]}]}`,
		`ValueSet/cats {"url":"urn:cats","compose":{"include":[{"system":"urn:zoo","filter":[{"property":"concept","op":"is-a","value":"cat"}]}]}}`,
		`ValueSet/loinc {"url":"urn:loinc","compose":{"include":[{"system":"http://loinc.org"},{"system":"urn:zoo","concept":[{"code":"cat"}]}]}}`,
		`ValueSet/part {"url":"urn:parts","compose":{"include":[{"system":"urn:part","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}}`)
	r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"1","status":"amended","code":{"coding":[{"system":"urn:zoo","code":"dog"},{"system":"urn:zoo","code":"kitten"}]},
		"category":[{"coding":[{"system":"urn:zoo","code":"mammal"}]},{"coding":[{"system":"http://loinc.org","code":"1-8"}]},{"coding":[{"code":"cat"}]},{"text":"cat"},
			{"coding":[{"system":"urn:part","code":"b"}]},{"coding":[{"system":"urn:part","code":"c"}]}]}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	e := l.evaluator()
	evaluator := path.NewEvaluator(path.Env{MemberOf: e.MemberOf, Subsumes: e.Subsumes})
	for _, c := range []struct{ expression, want string }{
		{"code.memberOf('urn:cats')", "true"},
		{"code.coding[0].memberOf('urn:cats')", "false"},
		{"code.coding[1].memberOf('urn:cats')", "true"},
		{"status.memberOf('http://hl7.org/fhir/ValueSet/observation-status')", "true"},
		{"status.memberOf('urn:cats')", "false"},
		{"'kitten'.memberOf('urn:cats')", "true"},
		{"category[0].memberOf('urn:cats')", "false"},
		{"category[2].memberOf('urn:cats')", "false"}, // a coding without a system is of none
		{"category[3].memberOf('urn:cats')", "false"},
		{"code.memberOf('urn:nowhere')", ""},
		{"code.memberOf('Patient/1')", ""},
		{"category[1].memberOf('urn:loinc')", ""}, // nobody here knows whether LOINC has it
		{"'1-8'.memberOf('urn:loinc')", ""},
		{"'cat'.memberOf('urn:loinc')", "true"},
		{"code.memberOf('urn:loinc')", "false"},
		{"category[4].memberOf('urn:parts')", "true"},
		{"category[5].memberOf('urn:parts')", ""}, // not in the fragment
		{"component.code.memberOf('urn:cats')", ""},

		{"category[0].subsumes(%context.code)", "true"},
		{"code.subsumes(%context.category[0])", "false"},
		{"code.subsumedBy(%context.category[0])", "true"},
		{"code.coding[0].subsumes(%context.code.coding[1])", "false"},
		{"code.coding[0].subsumes(%context.code.coding[0])", "true"},
		{"category[1].subsumes(%context.category[1])", "true"}, // itself, in any system
		{"category[4].subsumedBy(%context.category[5])", ""},
		{"category[1].coding.subsumes(%context.code)", "error not-supported"},
		{"category[3].subsumes(%context.code)", "false"},
	} {
		expr, err := path.Compile(l.spec, c.expression)
		if err != nil {
			t.Fatalf("%s: %v", c.expression, err)
		}
		values, err := evaluator.Eval(context.Background(), expr, path.Root(l.spec, r.Root(), ""), nil)
		got := ""
		if err != nil {
			got = "error " + string(fhir.CodeOf(err))
		}
		for _, v := range values {
			got += v.String()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.expression, got, c.want, err)
		}
	}
}

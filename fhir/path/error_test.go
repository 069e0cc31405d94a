package path_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

// TestErrors sees that an error is an Outcome that says what is wrong and where.
func TestErrors(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	for _, c := range []struct {
		src, text string
		strict    bool
	}{
		{src: "", text: "the expression ends where an expression was expected (column 1)"},
		{src: "name.", text: "the expression ends where the name of an element or function was expected (column 6)"},
		{src: "name given", text: "the end of the expression was expected here (column 6)"},
		{src: "name where (a)", text: "(column 6)"},
		{src: "1 +\n  'ä' + ]", text: "an expression was expected here (line 2, column 9)"},
		{src: "'ä' ! 1", text: `unexpected character '!' (column 5)`},
		{src: "a[1", text: "where ']' was expected (column 4)"},
		{src: "{1}", text: "'}' was expected here (column 2)"},
		{src: "'abc", text: "the text that starts here is not closed with ' (column 1)"},
		{src: "@2015-13-01", text: "there is no such date or time (column 1)"},
		{src: "('\xe9')", text: "not valid UTF-8"},
		{src: "@x", text: "a date is written @YYYY-MM-DD"},
		{src: "$foo", text: "there is no $foo"},
		{src: "x.foo()", text: "there is no function foo() (column 3)"},
		{src: "x.first(1)", text: "first() does not take 1 arguments (column 3)"},
		{src: "x is Foo", text: "there is no type Foo (column 3)"},
		{src: "x.ofType(1)", text: "the name of a type was expected here (column 10)"},
		{src: "x.matches('(')", text: "the regular expression cannot be read"},
		{src: strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), text: "nested too deeply"},
		{src: strings.Repeat("-", 500) + "1", text: "nested too deeply"},
		{src: "1" + strings.Repeat("+1", 500), text: "nested too deeply"},
		{src: "a" + strings.Repeat(".a", 500), text: "nested too deeply"},
		{src: strings.Repeat(" ", 70_000) + "1", text: "at most 65536 are accepted"},
		{src: "name.single()", text: "single() found several values (column 6)"},
		{src: "'a' + 1", text: "+ is not defined for these types (column 5)"},
		{src: "name.given.upper()", text: "upper() needs a single value, not several (column 12)"},
		{src: "%foo", text: "there is no variable %foo (column 1)"},
		{src: "name.given1", text: "there is no element given1 here (column 6)", strict: true},
		{src: "Observation.code", text: "the expression is about Observation, its context is not (column 1)", strict: true},
		{src: "name.where(givn = 'x')", text: "there is no element givn here (column 12)", strict: true},
		{src: "children().first()", text: "have no order to rely on (column 12)", strict: true},
		{src: "descendants()[0]", text: "have no order to rely on", strict: true},
		{src: "iif('a', 1)", text: "can be neither true nor false", strict: true},
		{src: "name as HumanName", text: "as needs a single value", strict: true},
	} {
		var options []path.Option
		if c.strict {
			options = []path.Option{path.Strict(), path.Context("Patient")}
		}
		x, err := path.Compile(spec, c.src, options...)
		if err == nil {
			_, err = x.Eval(context.Background(), path.Env{}, focus)
		}
		var o *fhir.Outcome
		if !errors.As(err, &o) || o.Code() != fhir.Invalid || !strings.Contains(o.Issues[0].Text, c.text) {
			t.Errorf("%.60q: %v, not %s", c.src, err, c.text)
		}
	}
}

// TestStrict sees that strict checking refuses nothing that is right.
func TestStrict(t *testing.T) {
	spec := decode(t)
	for _, c := range [][2]string{
		{"Patient", "name.given"},
		{"Patient", "Patient.contained.name"},
		{"Patient", "DomainResource.contained.ofType(Practitioner).qualification.code"},
		{"Bundle", "entry.resource.name"},
		{"Observation", "value.unit"},
		{"Observation", "value.ofType(Quantity).unit"},
		{"Observation", "(value as Quantity).unit | component.value.ofType(string)"},
		{"Patient.contact", "name.family"},
		{"Patient", "birthDate.extension.value.code"},
		{"Patient", "generalPractitioner.resolve().name"},
		{"Patient", "name.first().type().name"},
		{"Patient", "children().name"},
		{"Patient", "name.repeat(period).start"},
		{"Patient", "iif(active, name.given, name.family)"},
		{"Patient", "birthDate.value"},
		{"Questionnaire", "item.item.item.linkId"},
	} {
		if _, err := path.Compile(spec, c[1], path.Strict(), path.Context(c[0])); err != nil {
			t.Errorf("%s of %s: %v", c[1], c[0], err)
		}
	}
}

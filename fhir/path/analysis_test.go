package path_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir/path"
)

func TestTerms(t *testing.T) {
	spec := decode(t)
	for _, c := range []struct{ src, typ, want string }{
		{"Patient.name.family", "Patient", "Patient.name.family"},
		{"Patient.name | Person.name", "Patient", "Patient.name"},
		{"Patient.name | Person.name", "Observation", ""},
		{"AllergyIntolerance.code | AllergyIntolerance.reaction.substance | Condition.code", "AllergyIntolerance",
			"AllergyIntolerance.code; AllergyIntolerance.reaction.substance"},
		{"(Observation.value as Quantity) | (Observation.value as SampledData)", "Observation",
			"Observation.value as Quantity; Observation.value as SampledData"},
		{"(Observation.value as CodeableConcept).text", "Observation", "(Observation.value as CodeableConcept).text"},
		{"Patient.telecom.where(system='email') | Person.telecom.where(system = 'email')", "Person", "Person.telecom.where(system = 'email')"},
		{"Patient.deceased.exists() and Patient.deceased != false", "Patient", "Patient.deceased.exists() and Patient.deceased != false"},
		{"Patient.deceased.exists() and Patient.deceased != false", "Person", ""},
		{"Resource.meta.tag", "Patient", "Resource.meta.tag"},
		{"DomainResource.text", "Bundle", ""},
		{"Bundle.entry[0].resource", "Bundle", "Bundle.entry[0].resource"},
		{"name | Patient.name", "Patient", "name; Patient.name"},
		{"%resource.id", "Patient", "%resource.id"},
		{"Condition.onset.as(Age) | Condition.onset.as(Range)", "Condition", "Condition.onset.as(Age); Condition.onset.as(Range)"},
		{"Patient.name.where($this.use = 'a' or Observation.code.exists())", "Patient",
			"Patient.name.where($this.use = 'a' or Observation.code.exists())"},
	} {
		x, err := path.Compile(spec, c.src)
		if err != nil {
			t.Fatal(err)
		}
		terms, err := x.Terms(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, term := range terms {
			texts = append(texts, term.String())
		}
		if got := strings.Join(texts, "; "); got != c.want {
			t.Errorf("%s for %s: %s, not %s", c.src, c.typ, got, c.want)
		}
	}
}

func TestTarget(t *testing.T) {
	spec := decode(t)
	for src, want := range map[string]string{
		"Account.subject.where(resolve() is Patient)":                "Account.subject -> Patient",
		"Appointment.participant.actor.where(resolve() is Location)": "Appointment.participant.actor -> Location",
		"Account.subject.where(resolve().is(Patient))":               "Account.subject -> Patient",
		"Account.subject.where(resolve() is FHIR.Patient)":           "Account.subject -> Patient",
		"Account.subject": "",
		"Account.subject.where(x.resolve() is Patient)":                           "",
		"Account.subject.where(resolve() is Quantity)":                            "",
		"Account.subject.where(resolve() is Patient and true)":                    "",
		"Account.subject.where(type is Patient)":                                  "",
		"Account.subject.where(resolve() is Patient).display":                     "",
		"Account.subject.where(resolve() is Patient) | Account.subject.where({})": "",
	} {
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if base, target, ok := x.Target(); ok {
			got = base.String() + " -> " + target
		}
		if got != want {
			t.Errorf("%s: %q, not %q", src, got, want)
		}
	}
}

package seed

import "fmt"

// Types are the resource types of the CRUD iteration in the order in which they are created: each refers only to earlier ones.
func Types() [9]string {
	return [...]string{"Patient", "Location", "Organization", "Practitioner", "Encounter", "Observation", "MedicationRequest",
		"Claim", "ExplanationOfBenefit"}
}

// Resource gives the form of one of the Types.
func Resource(typ string) (*Form, error) {
	forms := map[string]string{
		"Patient": patient, "Location": location, "Organization": organization, "Practitioner": practitioner,
		"Encounter": encounter, "Observation": observation, "MedicationRequest": medicationRequest, "Claim": claim,
		"ExplanationOfBenefit": explanationOfBenefit,
	}
	form, err := New(forms[typ])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", typ, err)
	}
	return form, nil
}

// Admission gives the form of a transaction that creates a resource of each of the types, in their order.
func Admission() (form *Form, types []string, err error) {
	form, err = New(admission)
	return form, []string{"Patient", "Encounter", "Observation", "Observation"}, err
}

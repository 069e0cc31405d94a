package r4

// Compartment is a CompartmentDefinition (http://hl7.org/fhir/R4/compartmentdefinition.html).
type Compartment struct {
	Code string              // "Patient"
	URL  string              //
	Each map[string][]string // search parameters by resource type that is in the compartment, "{def}" included
}

// Package compartment finds out in whose record a resource is, from its text alone: reads are decided about and written down thousands of
// times a second. What it finds is what the index values of the compartment's search parameters say
// (http://hl7.org/fhir/R4/compartmentdefinition-patient.html); a test holds one against the other.
package compartment

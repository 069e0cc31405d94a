// Package conformance says what a server does: the CapabilityStatement is computed from what is registered, so that it
// announces nothing that does not work (http://hl7.org/fhir/R4/capabilitystatement.html).
package conformance

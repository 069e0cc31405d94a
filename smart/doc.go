// Package smart decides who may see and do what (SMART App Launch 2.2, http://hl7.org/fhir/smart-app-launch): scopes, the
// principal of a request, and the filter that a store is read and written through.
package smart

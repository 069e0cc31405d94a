// Package gate is the write gate: nothing is stored that is not structurally valid R4.
//
// It walks the element tree once beside the specification (package r4) and reports every mistake it finds, each with the
// element's path and no value of the sender's: unknown and repeated elements, cardinality, JSON kinds, primitive formats, choice types,
// required bindings, reference targets and unsafe narrative. Profiles, invariants and terminology beyond required bindings are the
// validator's business (conformance/validate), not the gate's.
//
//	fhir.Element + *r4.Type -> check.go -> cardinality.go -> primitive.go, temporal.go   -> *fhir.Outcome
//	                           unknown.go                    binding.go, reference.go
//	                                                         xhtml.go, xhtml_text.go, xhtml_link.go
//
// Every rule has a resource in testdata/invalid that breaks it, with the issue that comes of it. google/fhir (package fhir/proto) is the
// oracle of a differential test there. See http://hl7.org/fhir/R4/validation.html, aspects "Structure", "Cardinality", "Value
// Domains" and "Coding/CodeableConcept bindings".
package gate

// Package r4 is HL7 FHIR R4 (4.0.1) as data: types and their elements, search parameters, compartments, operation
// definitions, the value sets of required bindings and the code systems that those draw from.
//
// cmd/fhirgen writes the *.tsv files from testdata/definitions; Decode reads them. Text lines, not Go tables: a diff shows
// what changed in the specification, the compiler has nothing to chew on, and the strings stay in the binary's
// read-only data instead of the heap. The first lines of each file explain its columns.
//
// Decode takes a few milliseconds and is called once, by whoever assembles a server; the Spec is then handed to
// what needs it. It says what HL7's package hl7.fhir.core 4.0.1 says, errata included: a test of cmd/fhirgen builds the
// same files from that package. Source: http://hl7.org/fhir/R4/downloads.html, CC0, see testdata/definitions/NOTICE.
package r4

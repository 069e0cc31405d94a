// Package proto is the bridge to google/fhir: typed views of resources, and its structural check as a second opinion. It is the only
// importer of google/fhir.
//
//	*fhir.Resource -> As[*appointmentpb.Appointment] -> a message with Go fields and enums
//	a message      -> Bridge.Resource                -> *fhir.Resource
//	*fhir.Resource -> Bridge.Check                   -> *fhir.Outcome, the oracle of the gate's differential test
//
// Nothing on the way of a request from the socket to the store and back comes through here: google/fhir needs about 250 µs
// a resource, forty times what the write gate (package gate) needs, and linking it costs a program some 30 MB of memory and 80 ms of
// start for the descriptors of two FHIR versions. Code that wants types pays for them; the rest walks fhir.Element.
//
// A message holds less than the resource it came from, so a resource that was read as a message, changed and written back has lost:
//
//   - the order of its properties (they come out in alphabetical order) and the digits of what is not canonical: ".5" of a second
//     becomes ".500", and what is finer than a microsecond is cut off
//   - id and extensions of Reference.reference, and the spelling of base64 with white space
//   - meta.versionId and meta.lastUpdated, as with every fhir.Resource: they belong to the stored version
//
// What google/fhir refuses although R4 allows it, and the other way round, is the table in disagreements_test.go.
// See https://pkg.go.dev/github.com/google/fhir/go@v0.7.4/jsonformat and http://hl7.org/fhir/R4/json.html.
package proto

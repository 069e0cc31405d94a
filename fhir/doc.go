// Package fhir holds FHIR R4 as Go values, and the contracts between the parts of Andiron.
//
// A resource flows through the server in one shape:
//
//	bytes -> Parse -> Element (strict, ordered, number literals kept)
//	               -> Resource (immutable canonical JSON + lazily parsed Element)
//	               -> Request -> Handler … Handler -> Store -> Response -> bytes
//
// Everything here speaks FHIR and nothing speaks HTTP or SQL. The package imports the standard library only, so that
// every other package can import it.
//
//   - JSON intake and the element tree: parse.go, scan*.go, element.go, http://hl7.org/fhir/R4/json.html
//   - resources, references, dates: resource.go, reference.go, temporal.go, http://hl7.org/fhir/R4/datatypes.html
//   - outcomes: outcome.go, issuetype.go, http://hl7.org/fhir/R4/operationoutcome.html
//   - contracts: request.go, handler.go, store.go, registry.go, http://hl7.org/fhir/R4/http.html
package fhir

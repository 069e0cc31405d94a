// Package rest is the HTTP edge: it turns HTTP requests into fhir.Requests and fhir.Responses into HTTP responses, and
// knows nothing else. It is the only FHIR package that has heard of HTTP.
//
//	http.Request -> body limits, decompression -> Parse (the URL grammar) -> headers -> fhir.Request
//	             -> fhir.Handler (the pipeline, assembled by fhir/server)
//	             -> status table, ETag, Location, Prefer, Bundle links -> http.Response, one line of log
//
// See http://hl7.org/fhir/R4/http.html; DESIGN.md in the folder fhir has the decisions.
package rest

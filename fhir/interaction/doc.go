// Package interaction holds the RESTful interactions of FHIR, one file each, named as http://hl7.org/fhir/R4/http.html names
// them. None of them has heard of HTTP: they turn a fhir.Request into a fhir.Response over a fhir.Store, whether the
// request came over the wire, as an entry of a Bundle, or from code.
//
// Conditions (If-Match, If-None-Exist, conditional references) are decided here, inside the store's transaction and under a
// guard on the canonical query, so that of any number of racing requests one wins, whatever the engine.
package interaction

package search

import "andiron.dev/fhir/r4"

// specialOf tells which of the official parameters without an expression a definition is
// (http://hl7.org/fhir/R4/search.html#all).
func specialOf(def *r4.SearchParam) Special {
	switch def.URL {
	case "http://hl7.org/fhir/SearchParameter/DomainResource-text":
		return NarrativeText
	case "http://hl7.org/fhir/SearchParameter/Resource-content":
		return ContentText
	case "http://hl7.org/fhir/SearchParameter/filter":
		return FilterExpression
	}
	return NotSpecial
}

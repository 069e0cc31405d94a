// Package search is FHIR search (http://hl7.org/fhir/R4/search.html) without a database: the query tree, its parser, the
// index values of resources, and the matcher that evaluates a query in memory. Every engine compiles the same tree.
package search

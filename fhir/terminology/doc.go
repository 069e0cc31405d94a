// Package terminology says which codes are in a value set, and which codes a code subsumes, as far as that can be told from what
// is stored here and what R4 defines itself (http://hl7.org/fhir/R4/valueset.html#compositions,
// http://hl7.org/fhir/R4/codesystem.html#hierarchy). It is no terminology server: there is no LOINC or SNOMED CT but what
// somebody has stored as CodeSystem.
//
//	Evaluator.Resolve     search.TokenSet (:in, :not-in, :above, :below) -> search.Token with the codes
//	Evaluator.Expand      canonical of a value set -> Codes
//	Evaluator.MemberOf, Subsumes    the hooks of FHIRPath (path.Env)
//
// An Evaluator reads through the transaction that asks, so a search and the value sets that it names are of one snapshot.
// What cannot be told is an error, never an empty set: NotFound for a value set that is not here, NotSupported for a definition
// that cannot be evaluated, TooCostly beyond the bounds.
package terminology

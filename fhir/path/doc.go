// Package path is FHIRPath (http://hl7.org/fhirpath/N1) as R4 uses it (http://hl7.org/fhir/R4/fhirpath.html).
//
//	text -> Compile -> Expr (immutable)       parse*.go, ast*.go, static.go, compile.go
//	Expr + Value -> Evaluator -> []Value      evaluator.go, op_*.go, fn_*.go
//
// An expression is compiled once and evaluated over any number of resources. A Value is a node of a resource with its
// R4 type, or a value of FHIRPath's own System model; collections are slices of them. An Evaluator keeps its memory
// between evaluations, so a path such as Patient.name.family costs no allocation.
//
// What lies outside the document is asked for through Env: the time, other resources, units, terminology, profiles.
// Limits bound steps, values and text; every error is a fhir.Outcome and never quotes the data.
//
// Terms and Target take an expression apart for the search index (analysis.go).
package path

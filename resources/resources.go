// Package resources is the list of domain modules. All resource types of R4 work without one: a module is there for behaviour,
// that is operations, rules and jobs.
package resources

import "andiron.dev/fhir"

// Modules are the domain modules of the standard build, in the order in which they are registered.
func Modules() []fhir.Module { return nil }

// Package rules is a layer over a store: no change gets past the rules that modules have entered (fhir.Registry.Rule), whatever way it comes,
// and what is carried out in several updates can be made one (Enforcer.Join).
package rules

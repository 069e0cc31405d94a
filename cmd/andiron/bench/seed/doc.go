// Package seed writes the bodies that the load generator sends: FHIR R4 resources of the shape and the size of Synthea's
// records, drawn from a seeded generator, no two alike.
//
// A kind of resource is a Form: its JSON with blanks. A Record fills the blanks; the forms of one iteration share it, so
// that they speak of the same patient, visit and bill. Forms are taken apart once; filling one in costs about a
// microsecond and allocates nothing.
package seed

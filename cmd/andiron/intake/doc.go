// Package intake takes files of resources into a server: what "andiron import" does.
//
//	files and folders -> parcels (a Bundle, or some hundred lines of NDJSON) -> workers -> Target -> tally, report
//
// Every parcel is one transaction and carries a key made of its content. The server commits the key together with the
// resources, so that a second run finds out what the first one did, however that ended.
package intake

// Package audit keeps the audit trail: what was done by whom, as entries of the store's journal, and gives it back as AuditEvent resources
// (IHE BALP 1.1.4, https://profiles.ihe.net/ITI/BALP).
//
//	request -> Middleware ------------------------------> handlers -> Store (Tx) -> engine
//	             |  success: observe.go, patients*.go                   |  writes: one event in the same commit
//	             |  failure: outcome.go                                 |  store.go, store_tx.go, provenance.go
//	             v                                                      v
//	           queue.go, within 200 ms --> Event.Entry() --> fhir.Journal, chained by hashes
//
//	AuditEvent/… -> Store (Tx) -> journal.go, search*.go -> entries by keys and time -> resource*.go -> search.Match
//
// An Event is kept in a few hundred bytes and becomes resources only when somebody asks: one for each patient, so that whoever may see what
// happened to one record learns nothing of others. Nobody can write an AuditEvent, and AuditEvent/$verify (operation_verify.go) tells the first
// entry that somebody has changed in the database.
//
// Whose records a request touched is found in what it let out, at the places that the R4 CompartmentDefinition of Patient names, in the text
// of resources: nothing is parsed for it.
package audit

// Package mongo is the engine for many servers on one cluster: a fhir.Store in a MongoDB replica set.
//
//	View   -> a session that reads one snapshot of the cluster
//	Update -> fn runs on such a snapshot beside others and only stages its writes
//	       -> writer: one goroutine; commits the staged writes of everybody who is waiting in one transaction: takes their
//	          guards in sorted order, then the commit counter, checks that nothing that was read for writing has changed, writes
//	       -> a conflict runs fn again; after a few of those, or when fn reads what it has itself written, it runs within the
//	          transaction
//
// Resources are native BSON with their index values in the same document: encode.go, document.go, index.go. Why events cannot be
// skipped, which index serves what, how to shard, limits: DESIGN.md.
package mongo

// Package sqlite is the embedded engine: a fhir.Store in one SQLite file, pure Go (modernc.org/sqlite, driven through
// zombiezen.com/go/sqlite because database/sql costs three times as much per statement).
//
//	View   -> pool of readers, each on its own snapshot
//	Update -> fn runs on a snapshot beside others and only stages its writes
//	       -> writer: one goroutine, one connection; checks that nothing read for writing has changed, applies the staged
//	          writes of everybody who is waiting, and commits them with one fsync (group commit)
//	       -> a conflict runs fn again; after a few of those, or when fn searches what it has itself written, it runs
//	          alone on the writer's connection
//
//	Record, Append -> records are read from the snapshot and staged like resources, entries of the journal are numbered and hashed by
//	          the writer; both are in the commit of whatever else the update writes
//
//	IndexBeside -> jobs on the search index, in steps: read and computed on a snapshot, written in a turn of the writer
//
// A version is written once, into the table "version", which is history and outbox in one; "current" points into it. The
// search index is one clustered table per kind of value. Tables: migrations/; decisions: fhir/DESIGN.md.
package sqlite

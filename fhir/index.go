package fhir

import (
	"context"
	"time"
)

// Indexer is a Store that builds its search index beside requests: for search parameters that come into force while it runs, for
// one that is to be built anew, and for that of a store which another version of the program has written.
//
// SearchParameter resources need no call: a store notices them in whatever way they are written.
type Indexer interface {
	// Reindex asks for index values to be built anew and returns the job that does it, which may have been asked for before. The
	// old values serve searches until then. Errors: NotFound for a search parameter that is not in force; Throttled when too
	// much is waiting.
	Reindex(ctx context.Context, what Reindex) (*IndexJob, error)

	// IndexJobs lists what is to be done and what has been done lately, newest first.
	IndexJobs(ctx context.Context) ([]IndexJob, error)

	// Index does all there is to do, as fast as it can. What another process is at, it waits for.
	Index(ctx context.Context) error

	// IndexBeside does what there is to do until ctx ends, slowly enough for requests to keep their latency.
	IndexBeside(ctx context.Context)
}

// Reindex says of what the index is to be built anew.
type Reindex struct {
	Types     []string // resource types; none = all
	Parameter string   // URL of the search parameter; "" = all, and, for all types, full text
}

// IndexJob is work on the search index.
type IndexJob struct {
	ID             string
	Kind           IndexJobKind
	State          IndexJobState
	Parameters     []string // URLs of the search parameters that it is about; none = all
	Types          []IndexProgress
	Created, Ended time.Time // Ended is zero until then
}

// IndexProgress is how far a job is with a resource type.
type IndexProgress struct {
	Type        string
	Done, Total int64 // resources, deleted ones included
}

// IndexJobKind says what a job is for.
type IndexJobKind string

// The kinds of jobs.
const (
	IndexParameter IndexJobKind = "parameter" // search parameters that have come into force; nobody can search by them until then
	IndexRepair    IndexJobKind = "repair"    // asked for by Reindex
	// IndexRebuild takes the place of an index that this program cannot read. Searches of a resource type are refused as long
	// as it is not complete.
	IndexRebuild IndexJobKind = "rebuild"
)

// IndexJobState is the state of a job.
type IndexJobState string

// The states of a job.
const (
	IndexQueued    IndexJobState = "queued"
	IndexRunning   IndexJobState = "running"
	IndexComplete  IndexJobState = "complete"
	IndexCancelled IndexJobState = "cancelled" // what it was for is gone
)

// Open reports whether there is anything left to do.
func (j *IndexJob) Open() bool { return j.State == IndexQueued || j.State == IndexRunning }

// Progress is how far the job is with all types together.
func (j *IndexJob) Progress() (done, total int64) {
	for _, t := range j.Types {
		done, total = done+t.Done, total+t.Total
	}
	return done, total
}

// Percent is the same in hundredths, rounded down.
func (j *IndexJob) Percent() int {
	done, total := j.Progress()
	if total == 0 {
		return 100
	}
	return int(done * 100 / total)
}

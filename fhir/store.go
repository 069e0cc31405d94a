package fhir

import (
	"context"
	"time"
)

// Store keeps every version of every resource. It is safe for concurrent use. Errors are Outcomes; an error that a
// callback returns comes back unchanged.
type Store interface {
	// View runs fn on a consistent snapshot.
	View(ctx context.Context, fn func(Tx) error) error

	// Update runs fn and commits what it wrote, all or nothing. When it returns nil the writes are durable.
	//
	// fn reads a snapshot. It may run several times, when another update got in between, so it must not change
	// anything but through its Tx. Snapshots do not stop two updates that read the same and write different resources:
	// whatever must not happen twice at once names a guard, and of two updates with a guard in common the second sees
	// what the first wrote. Guard keys must not hold patient data (hash what does).
	Update(ctx context.Context, guards []string, fn func(Tx) error) error

	// Events returns at most max events of the outbox after the given one, in commit order, without gaps.
	Events(ctx context.Context, after Seq, max int) ([]Event, error)

	Journal

	// Close waits for running updates and releases the store.
	Close() error
}

// Tx is a store within View or Update. It must not be used after the callback returned, nor by two goroutines.
type Tx interface {
	Reader
	Recorder

	// Put writes r as the next version of the resource with its type and id, and creates it where there is none or it was
	// deleted. In View it fails.
	Put(ctx context.Context, r *Resource) (*Version, error)

	// Create is Put for a resource whose id has just been made for it (a UUID), so that the engine need not look whether
	// there is one. Should the id be taken after all, the update fails with Duplicate. In View it fails.
	Create(ctx context.Context, r *Resource) (*Version, error)

	// Delete ends the resource with a version that says so. Deleting what does not exist fails with NotFound,
	// what is deleted already with Deleted.
	Delete(ctx context.Context, typ, id string) (*Version, error)

	// GuardCount says how many updates have taken the guard before this one, which must hold it. It gives numbers
	// without gaps, and tells whether something has been done already.
	GuardCount(ctx context.Context, guard string) (int64, error)

	// Append appends entries to the journal with this commit. In View it fails.
	Append(ctx context.Context, entries ...*JournalEntry) error
}

// Reader is the reading half of a Tx.
type Reader interface {
	// Read returns the current version. Errors: NotFound; Deleted.
	Read(ctx context.Context, typ, id string) (*Resource, error)
	// VRead returns the given version. Errors: NotFound; Deleted where that version is a deletion.
	VRead(ctx context.Context, typ, id, version string) (*Resource, error)
	// History lists versions, newest first. Unknown instances give NotFound.
	History(ctx context.Context, q HistoryQuery) (*HistoryPage, error)
	// Search finds current resources. Errors: Invalid and NotSupported for what the query asks.
	Search(ctx context.Context, q Query) (*SearchPage, error)
}

// Seq is a place in the commit order of a store, from 1. Every version has its own.
type Seq int64

// Version is what a write produced.
type Version struct {
	Type, ID  string
	VersionID string
	// LastUpdated is final when Update has returned: it is given at the commit, so that it never runs against the
	// commit order.
	LastUpdated time.Time
	Created     bool // there was no current version before
	Deleted     bool
	// Instead is what was written where a rule has put it in the place of what was given; nil = that was written.
	Instead *Resource
}

// Written is what was written of r.
func (v *Version) Written(r *Resource) *Resource {
	if v == nil || v.Instead == nil {
		return r
	}
	return v.Instead
}

// Event is one version in the outbox or in a history.
type Event struct {
	Seq         Seq
	Type, ID    string
	VersionID   string
	LastUpdated time.Time
	Method      Interaction // Create, Update or Delete
	Resource    *Resource   // nil for a deletion
}

// HistoryQuery asks for versions (http://hl7.org/fhir/R4/http.html#history). Type and ID narrow it; both may be empty.
type HistoryQuery struct {
	Type, ID string
	Since    time.Time // versions at or after; zero = all
	At       *Temporal // versions that were current at some time during the interval
	Count    int       // at most so many
	Before   Seq       // only versions before this one; 0 = from the newest
}

// HistoryPage is a page of versions.
type HistoryPage struct {
	Events []Event
	Next   Seq // Before for the next page; 0 = this was the last
	Total  int // versions in all that match; -1 = not counted
}

// Query is a parsed search (package search makes them; fhir cannot know its inside). String gives the search as text.
type Query interface {
	ResourceType() string
	String() string
}

// SearchPage is a page of matches.
type SearchPage struct {
	Resources []*Resource
	// Next is where the next page begins; "" = this was the last. It is text, and a place between matches: it holds whatever
	// becomes of them, and however often it is used.
	Next      string
	Total     int  // matches in all; -1 = not counted
	Estimated bool // Total is an estimate
}

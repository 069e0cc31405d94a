package fhir

import "time"

// BundleType is a code of http://hl7.org/fhir/bundle-type.
type BundleType string

// The bundle types that a server answers with.
const (
	Searchset           BundleType = "searchset"
	HistoryBundle       BundleType = "history"
	BatchResponse       BundleType = "batch-response"
	TransactionResponse BundleType = "transaction-response"
)

// SearchMode is a code of http://hl7.org/fhir/search-entry-mode.
type SearchMode string

// The search modes.
const (
	ModeMatch   SearchMode = "match"
	ModeInclude SearchMode = "include"
	ModeOutcome SearchMode = "outcome"
)

// Bundle is an answer of many resources, before it is text. URLs are relative to the base until then.
type Bundle struct {
	Type    BundleType
	ID      string    // "" = made when it is sent
	Time    time.Time // meta.lastUpdated; zero = when the request came
	Total   int       // -1 = not said
	Links   []Link
	Entries []Entry
}

// Link is a Bundle.link; URL is relative to the base.
type Link struct{ Relation, URL string }

// Entry is a Bundle.entry. The fullUrl follows from Resource.
type Entry struct {
	Resource *Resource
	Mode     SearchMode // of a searchset
	Score    string     // of a searchset: how well it matches, a decimal from 0 to 1; "" = not said
	Grade    string     // beside Score: a code of http://terminology.hl7.org/CodeSystem/match-grade
	Event    *Event     // of a history
	Response *Response  // of a batch or transaction
	Err      error      // of a batch: why the entry failed
}

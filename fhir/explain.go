package fhir

import (
	"context"
	"time"
)

// Explainer is a Reader that can say how it answers a search.
type Explainer interface {
	// Explain carries a search out and says how. Errors are those of Reader.Search.
	Explain(ctx context.Context, q Query) (*Explanation, error)
}

// Explanation says how an engine has answered a search. It holds no value that was searched for, and nothing that was found.
type Explanation struct {
	Parts    []ExplainedPart
	Examined int64 // resources, and rows of the index, that were looked at
	Found    int   // matches on the page
	Total    int   // matches in all; -1 = not counted
	Time     time.Duration
}

// ExplainedPart is the plan for one resource type.
type ExplainedPart struct {
	Type  string
	Steps []ExplainedStep
}

// ExplainedStep is a part of a plan. The first one finds what the others sift.
type ExplainedStep struct {
	Role      ExplainedRole
	Criterion string   // of the search, without values; "" where it is about all
	How       string   // a sentence
	Uses      []string // what of the index is used, in the engine's own words
	Rows      int64    // that were counted for the choice of the plan; -1 = they were not
}

// ExplainedRole says what a step is for.
type ExplainedRole string

// The roles.
const (
	Drives ExplainedRole = "driver" // finds the candidates
	Tests  ExplainedRole = "test"   // decides about each of them
	Orders ExplainedRole = "order"
)

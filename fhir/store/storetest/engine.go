package storetest

import (
	"context"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

// Engine is a storage engine under test.
type Engine struct {
	// Open opens a store. It ends the test when it cannot; closing the store is the suite's business.
	Open func(t testing.TB, o Options) fhir.Store

	// Check has the engine look over all it holds: that its search index is what Params.Values gives, that no version is
	// missing. nil = the engine has no such check.
	Check func(ctx context.Context, s fhir.Store) error
}

// Options say how to open a store.
type Options struct {
	// Place says which store: a folder that exists. Two stores opened at one place are the same store, as two processes
	// see it; an engine that keeps its data elsewhere derives a name from it.
	Place      string
	Params     *search.Params
	Now        func() time.Time
	JournalKey []byte
	Unsafe     bool // commits need not be durable; what that saves is measured
}

// suite is an engine together with what all tests need.
type suite struct {
	engine Engine
	spec   *r4.Spec
	params *search.Params
}

func newSuite(t testing.TB, e Engine) *suite {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return &suite{engine: e, spec: spec, params: search.NewParams(spec, units)}
}

// Run runs the suite as subtests.
func Run(t *testing.T, e Engine) { run(t, e, groups()) }

// RunStore runs the part that does not search.
func RunStore(t *testing.T, e Engine) { run(t, e, storeGroups()) }

// RunSearch runs the part of the suite that searches: for an engine that has several ways to do that.
func RunSearch(t *testing.T, e Engine) { run(t, e, searchGroups()) }

func run(t *testing.T, e Engine, groups []group) {
	s := newSuite(t, e)
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) { test.run(t, s) })
			}
		})
	}
}

// Package resourcestest is what the tests of domain modules begin with: an empty store, requests, and answers taken apart.
package resourcestest

import (
	"testing"
	"time"

	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
)

// Parameters are R4, and its search parameters with the units of UCUM.
func Parameters(t testing.TB) (*r4.Spec, *search.Params) {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return spec, search.NewParams(spec, units)
}

// Open opens an empty store with these parameters. It goes by a clock, does not wait for the disk, and ends with the test.
func Open(t testing.TB, params *search.Params, now func() time.Time) chosen.Store {
	t.Helper()
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Now: now, Unsafe: true})
	t.Cleanup(func() { _ = store.Close() })
	return store
}

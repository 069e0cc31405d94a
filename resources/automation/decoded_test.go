package automation_test

import (
	"testing"

	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

func decoded(t testing.TB) (*r4.Spec, *search.Params) {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return spec, search.NewParams(spec, nil)
}

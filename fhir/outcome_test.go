package fhir_test

import (
	"errors"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

func TestGone(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {errors.New("x"), false}, {fhir.NewOutcome(fhir.NotFound, "x"), true}, {fhir.NewOutcome(fhir.Deleted, "x"), true},
		{fhir.NewOutcome(fhir.Forbidden, "x"), false}, {fmt.Errorf("reading: %w", fhir.NewOutcome(fhir.Deleted, "x")), true},
	} {
		if got := fhir.Gone(test.err); got != test.want {
			t.Errorf("%v: %v", test.err, got)
		}
	}
}

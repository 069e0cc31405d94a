package search

import (
	"context"
	"testing"

	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
	"andiron.dev/search/ucum"
)

// TestExpressionsKnowUnits: the expressions of parameters compare quantities by UCUM, if there are units.
func TestExpressionsKnowUnits(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	x, err := path.Compile(spec, "5.4 'mg' = 0.0054 'g'")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []*ucum.Units{units, nil} {
		ev := NewParams(spec, u).evaluators.Get().(*path.Evaluator)
		if equal, err := ev.Test(context.Background(), x, path.Value{}); err != nil || equal != (u != nil) {
			t.Errorf("units %v: 5.4 mg = 0.0054 g is %v, %v", u != nil, equal, err)
		}
	}
}

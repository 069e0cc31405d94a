package proto_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/proto"
	"andiron.dev/fhir/r4"
)

// court has two judges: our gate and google/fhir.
type court struct {
	spec   *r4.Spec
	gate   *gate.Gate
	bridge *proto.Bridge
}

func newCourt(t testing.TB) *court {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return &court{spec, gate.New(spec), newBridge(t)}
}

// opinions are what the two say about a text: "" for valid.
func (c *court) opinions(text string) (ours, theirs string) {
	if _, err := c.gate.Parse(text, fhir.BundleLimits()); err != nil {
		ours = err.Error()
	}
	if o := c.bridge.CheckJSON([]byte(text)); o != nil {
		theirs = o.Error()
	}
	return ours, theirs
}

// parallel calls fn for each number below n, on all processors.
func parallel(n int, fn func(i int)) {
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for i := w; i < n; i += workers {
				fn(i)
			}
		})
	}
	all.Wait()
}

// TestAgreementOnRealResources: on the official examples and a clinic's records the two agree without exception.
func TestAgreementOnRealResources(t *testing.T) {
	c := newCourt(t)
	all := slices.Concat(ownSamples(t), officialExamples(t), synthea(t))
	// The largest example is there twice, under two names.
	all = slices.DeleteFunc(all, func(s sample) bool { return s.name == "ig-r4" })
	parallel(len(all), func(i int) {
		if ours, theirs := c.opinions(all[i].text); (ours == "") != (theirs == "") {
			t.Errorf("%s:\n  gate: %.500s\n  google/fhir: %.500s", all[i].name, ours, theirs)
		}
	})
	if shared("r4-examples") == "" || shared("synthea") == "" {
		t.Skip("SKIPPED: ../shared/data/r4-examples and synthea are not there; only fhir/proto/testdata was compared")
	}
}

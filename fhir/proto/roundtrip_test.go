package proto_test

import (
	"slices"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/proto"
)

// TestRoundTripKeepsEverything: a message holds all of every small official example, in another order.
func TestRoundTripKeepsEverything(t *testing.T) {
	b := newBridge(t)
	var small []sample
	for _, s := range slices.Concat(ownSamples(t), officialExamples(t)) {
		if len(s.text) < 8_000 {
			small = append(small, s)
		}
	}
	parallel(len(small), func(i int) {
		r, err := fhir.ParseResource(small[i].text, fhir.DefaultLimits())
		if err != nil {
			t.Error(small[i].name, err)
			return
		}
		m, err := proto.As[proto.Message](b, r)
		if err != nil {
			t.Error(small[i].name, err)
			return
		}
		if back, err := b.Resource(m); err != nil || !back.Same(r) {
			t.Errorf("%s: %v\n%.2000s\n%.2000s", small[i].name, err, r.Body(), back.Body())
		}
	})
	if shared("r4-examples") == "" {
		t.Skip("SKIPPED: ../shared/data/r4-examples is not there; only fhir/proto/testdata was tried")
	}
}

// TestWhatARoundTripLoses is the list in the package's documentation.
func TestWhatARoundTripLoses(t *testing.T) {
	b := newBridge(t)
	for _, c := range []struct{ name, text, want string }{
		{"order", `{"resourceType":"Patient","gender":"male","active":true}`, `{"resourceType":"Patient","active":true,"gender":"male"}`},
		{"digits of a second", `{"resourceType":"Observation","effectiveInstant":"2024-05-01T10:00:00.5Z"}`,
			`{"resourceType":"Observation","effectiveInstant":"2024-05-01T10:00:00.500Z"}`},
		{"nanoseconds", `{"resourceType":"Observation","effectiveInstant":"2024-05-01T10:00:00.123456789Z"}`,
			`{"resourceType":"Observation","effectiveInstant":"2024-05-01T10:00:00.123456Z"}`},
		{"extensions of a reference", `{"resourceType":"Observation","subject":{"reference":"Patient/1","_reference":{"id":"x"}}}`,
			`{"resourceType":"Observation","subject":{"reference":"Patient/1"}}`},
		{"version", `{"resourceType":"Patient","meta":{"versionId":"1","source":"urn:x"}}`, `{"resourceType":"Patient","meta":{"source":"urn:x"}}`},
		{"nothing of a decimal", `{"resourceType":"Observation","valueQuantity":{"value":1.10e+2}}`, `{"resourceType":"Observation","valueQuantity":{"value":1.10e+2}}`},
	} {
		m, err := proto.As[proto.Message](b, resource(t, c.text))
		if err != nil {
			t.Error(c.name, err)
			continue
		}
		if back, err := b.Resource(m); err != nil || back.Body() != c.want {
			t.Errorf("%s: %s, %v", c.name, back.Body(), err)
		}
	}
}

func BenchmarkAs(b *testing.B) {
	bridge, r := newBridge(b), resource(b, appointment)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := proto.As[proto.Message](bridge, r); err != nil {
			b.Fatal(err)
		}
	}
}

package r4_test

import (
	"testing"

	"andiron.dev/fhir/r4"
)

// The budget is 20 ms of a server's start; Decode runs once in it.
func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r4.Decode(); err != nil {
			b.Fatal(err)
		}
	}
}

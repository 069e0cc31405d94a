package storetest

import (
	"slices"
	"testing"

	"andiron.dev/fhir"
)

// wantCode checks that err is an Outcome with the given issue type.
func wantCode(t testing.TB, what string, err error, code fhir.IssueType) {
	t.Helper()
	if got := fhir.CodeOf(err); got != code {
		t.Errorf("%s: error %v has code %q, want %q", what, err, got, code)
	}
}

// wantIDs checks ids in order.
func wantIDs(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantSet checks ids whatever their order.
func wantSet(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantVersion checks what a write or an event says of a version.
func wantVersion(t testing.TB, v *fhir.Version, versionID string, created, deleted bool) {
	t.Helper()
	if v.VersionID != versionID || v.Created != created || v.Deleted != deleted {
		t.Errorf("%s/%s: version %q created=%v deleted=%v, want %q %v %v", v.Type, v.ID, v.VersionID, v.Created, v.Deleted, versionID, created, deleted)
	}
}

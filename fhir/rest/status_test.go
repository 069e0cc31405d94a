package rest_test

import (
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
)

func TestStatus(t *testing.T) {
	for code, want := range map[fhir.IssueType]int{
		fhir.Structure: 400, fhir.Required: 400, fhir.Value: 400, fhir.CodeInvalid: 400, fhir.Invalid: 400, fhir.NotSupported: 400,
		fhir.Login: 401, fhir.Forbidden: 403, fhir.NotFound: 404, fhir.Conflict: 409, fhir.Duplicate: 409, fhir.Deleted: 410, fhir.Expired: 410,
		fhir.MultipleMatches: 412, fhir.TooLong: 413, fhir.BusinessRule: 422, fhir.TooCostly: 422, fhir.Throttled: 429,
		fhir.Exception: 500, fhir.Transient: 503, fhir.LockError: 503, fhir.NoStore: 507,
	} {
		if got := rest.Status(fhir.NewOutcome(code, "x")); got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
	if got := rest.Status(fhir.PreconditionFailed(fhir.Conflict, "x")); got != 412 {
		t.Errorf("failed precondition: got %d, want 412", got)
	}
}

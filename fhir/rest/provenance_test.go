package rest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// TestProvenanceHeader: the header reaches the pipeline as a resource, or is refused.
func TestProvenanceHeader(t *testing.T) {
	var got *fhir.Resource
	h, _ := edge(func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		got = req.Provenance
		return &fhir.Response{Result: fhir.NoContent}, nil
	})
	for header, want := range map[string]int{
		"": http.StatusNoContent, `X-Provenance: {"resourceType":"Provenance","recorded":"2024-05-01T12:00:00Z"}`: http.StatusNoContent,
		"X-Provenance: {": http.StatusBadRequest, "X-Provenance: []": http.StatusBadRequest, `X-Provenance: {"resourceType":"Provenance","activity":{}}`: http.StatusBadRequest,
	} {
		got = nil
		var headers []string
		if header != "" {
			headers = []string{header}
		}
		w := send(h, http.MethodPut, "/Patient/a", strings.NewReader(`{"resourceType":"Patient","id":"a"}`), headers...)
		if w.Code != want || (got != nil) != (header != "" && want == http.StatusNoContent) {
			t.Errorf("%s: %d %v %s", header, w.Code, got, w.Body)
		}
		if want == http.StatusBadRequest && !strings.Contains(w.Body.String(), `"expression"`) {
			t.Errorf("%s: %s", header, w.Body)
		}
	}
}

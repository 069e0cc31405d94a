package interaction

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

// capabilities is http://hl7.org/fhir/R4/http.html#capabilities.
func (x *Interactions) capabilities(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
	mode := req.Params.Get("mode")
	if mode != "" && !slices.Contains([]string{"full", "normative", "terminology"}, mode) {
		return nil, fhir.NewOutcome(fhir.Invalid, "the value of mode must be full, normative or terminology")
	}
	r, err := x.Capabilities(req.Base, mode)
	if err != nil {
		return nil, err
	}
	resp := &fhir.Response{Resource: r}
	if unchanged(req, r) {
		resp.Result = fhir.NotModified
	}
	return resp, nil
}

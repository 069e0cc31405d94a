package core

import (
	"context"

	"andiron.dev/fhir"
)

// convert is http://hl7.org/fhir/R4/resource-operation-convert.html between the formats that the server has, which so far is one: what
// comes back has been checked, and is as the server would store it. What was sent as Parameters comes back as Parameters, a bare resource as one.
func (m *Module) convert(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
	root := req.Input.Get("input").Value
	r, err := fhir.NewResource(root)
	if err != nil {
		return nil, err
	}
	if req.Resource != nil && req.Resource.Type() == "Parameters" {
		r = fhir.NewParameters().WithResource("output", r).Resource()
	}
	return &fhir.Response{Resource: r}, nil
}

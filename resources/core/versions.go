package core

import (
	"context"

	"andiron.dev/fhir"
)

// versions is http://hl7.org/fhir/R4/capabilitystatement-operation-versions.html: there is one.
func (m *Module) versions(context.Context, *fhir.Request) (*fhir.Response, error) {
	const r4 = "4.0"
	return &fhir.Response{Resource: fhir.NewParameters().Text("version", "code", r4).Text("default", "code", r4).Resource()}, nil
}

package rules

import (
	"context"

	"andiron.dev/fhir"
)

// CreateOnly is the rule that resources of a type are evidence: once written they stay as they are. Errors: NotSupported (HTTP 405).
func CreateOnly(typ string) fhir.Rule {
	return fhir.Rule{Type: typ, Check: func(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
		if c.Before == nil {
			return nil, nil
		}
		o := fhir.Errorf(fhir.NotSupported, "a resource of the type %s stays as it was written: it cannot be changed or deleted", typ)
		o.Issues[0].Detail = "create-only"
		o.Refinement, o.Allow = fhir.MethodNotAllowed, []string{"GET", "HEAD", "OPTIONS"}
		return nil, o
	}}
}

package interaction

import (
	"context"

	"andiron.dev/fhir"
)

// vread is http://hl7.org/fhir/R4/http.html#vread.
func (x *Interactions) vread(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	resp := &fhir.Response{}
	err := x.view(ctx, req, func(tx fhir.Tx) (err error) {
		resp.Resource, err = tx.VRead(ctx, req.Type, req.ID, req.VersionID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if unchanged(req, resp.Resource) {
		resp.Result = fhir.NotModified
	}
	return resp, nil
}

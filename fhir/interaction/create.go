package interaction

import (
	"context"

	"andiron.dev/fhir"
)

// create is http://hl7.org/fhir/R4/http.html#create, conditional create (#ccreate) included. The id of the body is ignored;
// a transaction gives the id that it has promised to references by setting req.ID.
func (x *Interactions) create(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id := req.ID
	if id == "" {
		id = x.NewID()
	}
	resource := req.Resource.WithID(id)
	var resp *fhir.Response
	err := x.change(ctx, req, func(tx fhir.Tx) error {
		if req.Condition != nil {
			match, err := x.match(ctx, tx, req)
			if err != nil {
				return err
			}
			if match != nil {
				resp = found(match)
				return nil
			}
		}
		version, err := tx.Create(ctx, resource)
		resp = &fhir.Response{Result: fhir.Created, Resource: version.Written(resource), Version: version}
		return err
	})
	return resp, err
}

// found is the response where there is nothing to write, because the resource is there already.
func found(r *fhir.Resource) *fhir.Response {
	return &fhir.Response{Resource: r, Version: &fhir.Version{
		Type: r.Type(), ID: r.ID(), VersionID: r.VersionID(), LastUpdated: r.LastUpdated(),
	}}
}

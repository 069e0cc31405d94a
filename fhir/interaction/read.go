package interaction

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// read is http://hl7.org/fhir/R4/http.html#read, conditional read (#cread) included.
func (x *Interactions) read(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	resp := &fhir.Response{}
	err := x.view(ctx, req, func(tx fhir.Tx) (err error) {
		resp.Resource, err = tx.Read(ctx, req.Type, req.ID)
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

// unchanged says whether the client holds the current version. If-None-Match has precedence over If-Modified-Since
// (RFC 7232, section 6); the latter knows whole seconds only.
func unchanged(req *fhir.Request, r *fhir.Resource) bool {
	if len(req.IfNoneMatch) > 0 {
		return slices.Contains(req.IfNoneMatch, "*") || slices.Contains(req.IfNoneMatch, r.VersionID())
	}
	return !req.IfModifiedSince.IsZero() && !r.LastUpdated().Truncate(time.Second).After(req.IfModifiedSince)
}

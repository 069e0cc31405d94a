package interaction

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// search is http://hl7.org/fhir/R4/http.html#search by GET or POST: of one resource type or across types, and of either within
// the compartment of a resource.
func (x *Interactions) search(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	path, within := req.Type, (*search.Compartment)(nil)
	if req.Compartment != "" {
		typ, id, _ := strings.Cut(req.Compartment, "/")
		within = &search.Compartment{Type: typ, ID: id}
		if path == "" {
			path = "*"
		}
		path = req.Compartment + "/" + path
	}
	return x.searchset(ctx, req, path, func(params fhir.Params, o search.Options) (*search.Query, []fhir.Issue, error) {
		o.Within = within
		return x.Params.Parse(req.Type, params, o)
	})
}

package automation

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// definition is what an action's definition names: an ActivityDefinition, a PlanDefinition or an operation of this server.
type definition struct {
	resource  *fhir.Resource
	operation *fhir.OperationDefinition
	url       string // as it was named, without version
}

// define finds a definition: contained in the plan ("#a"), stored, or an operation. Errors: NotFound; NotSupported for what is no definition.
func (m *Module) define(ctx context.Context, tx fhir.Tx, plan *fhir.Resource, canonical string) (*definition, error) {
	if id, ok := strings.CutPrefix(canonical, "#"); ok {
		for contained := range plan.Root().Each("contained") {
			if contained.Get("id").Text() == id {
				r, err := fhir.NewResource(contained)
				if err != nil {
					return nil, err
				}
				return &definition{resource: r, url: canonicalOf(r)}, nil
			}
		}
		return nil, fhir.NewOutcome(fhir.NotFound, "an action names a contained definition that is not there")
	}
	url, version, _ := strings.Cut(canonical, "|")
	for _, d := range m.registry.Operations() {
		if url == d.URL("") || url == d.URL(m.config.BaseURL) || url == d.Resource.Reference() {
			return &definition{operation: d, url: url}, nil
		}
	}
	for _, typ := range []string{"ActivityDefinition", "PlanDefinition"} {
		if id, ok := strings.CutPrefix(url, typ+"/"); ok {
			r, err := tx.Read(ctx, typ, id)
			if err != nil {
				return nil, err
			}
			return &definition{resource: r, url: canonicalOf(r)}, nil
		}
		r, err := m.byURL(ctx, tx, typ, url, version)
		if err != nil {
			return nil, err
		}
		if r != nil {
			return &definition{resource: r, url: url}, nil
		}
	}
	return nil, fhir.NewOutcome(fhir.NotFound, "an action names a definition that is not here, or is no ActivityDefinition, PlanDefinition or operation of this server")
}

// byURL finds the stored definition with a canonical URL, the best of several; nil where there is none.
func (m *Module) byURL(ctx context.Context, tx fhir.Tx, typ, url, version string) (*fhir.Resource, error) {
	params := fhir.Params{{Name: "url", Value: search.Escape(url)}, {Name: "_count", Value: "100"}}
	if version != "" {
		params = append(params, fhir.Param{Name: "version", Value: search.Escape(version)})
	}
	found, err := m.search(ctx, tx, typ, params)
	if err != nil {
		return nil, err
	}
	var best *fhir.Resource
	for _, r := range found {
		if best == nil || terminology.Newer(r, best) {
			best = r
		}
	}
	return best, nil
}

// search is one page of a search.
func (m *Module) search(ctx context.Context, tx fhir.Tx, typ string, params fhir.Params) ([]*fhir.Resource, error) {
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now})
	if err != nil {
		return nil, err
	}
	page, err := tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return page.Resources, nil
}

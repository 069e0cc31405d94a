package searchtest

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// Resolve looks up what a query asks of terminology, as fhir/interaction does before it searches.
func Resolve(ctx context.Context, params *search.Params, reader terminology.Reader, q *search.Query) (*search.Query, error) {
	resolved, _, err := terminology.New(params.Spec(), params, reader, nil).Resolve(ctx, q, true)
	return resolved, err
}

// Reader is the matcher as a transaction is to those who read in one.
func (m *Matcher) Reader() terminology.Reader { return matcherReader{m} }

type matcherReader struct{ *Matcher }

func (m matcherReader) Read(_ context.Context, typ, id string) (*fhir.Resource, error) {
	if r := m.resources[typ+"/"+id]; r != nil {
		return r, nil
	}
	return nil, fhir.NewOutcome(fhir.NotFound, "there is no such resource")
}

// VRead knows the current version only.
func (m matcherReader) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	r, err := m.Read(ctx, typ, id)
	if err == nil && r.VersionID() != version {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such version")
	}
	return r, err
}

func (m matcherReader) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	return m.Matcher.Search(ctx, q.(*search.Query)) //nolint:forcetypeassert // package search makes all queries
}

package searchtest

import (
	"context"
	"iter"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Matcher is a Subject that keeps resources in memory and asks search.Match about each of them. Engines are compared with it.
type Matcher struct {
	params    *search.Params
	now       func() time.Time
	resources map[string]*fhir.Resource
	values    map[string]*search.Values
}

// NewMatcher returns an empty Matcher.
func NewMatcher(params *search.Params, now func() time.Time) *Matcher {
	return &Matcher{params: params, now: now, resources: make(map[string]*fhir.Resource), values: make(map[string]*search.Values)}
}

// Put implements Subject. A resource without a version gets one, as it would in a store.
func (m *Matcher) Put(_ context.Context, r *fhir.Resource) error {
	if r.VersionID() == "" {
		r = r.WithVersion("1", m.now())
	}
	m.resources[r.Reference()] = r
	m.values[r.Reference()] = m.params.Values(r)
	return nil
}

// Delete implements Subject.
func (m *Matcher) Delete(_ context.Context, typ, id string) error {
	delete(m.resources, typ+"/"+id)
	delete(m.values, typ+"/"+id)
	return nil
}

// Search implements Subject: all matches, in no order.
func (m *Matcher) Search(ctx context.Context, q *search.Query) (*fhir.SearchPage, error) {
	q, err := Resolve(ctx, m.params, m.Reader(), q)
	if err != nil {
		return nil, err
	}
	page := &fhir.SearchPage{}
	for _, part := range q.Each() {
		for r := range m.Find(part.Type, part.Where) {
			page.Total++
			if q.Count > 0 {
				page.Resources = append(page.Resources, r)
			}
		}
	}
	return page, nil
}

// Find implements search.Corpus.
func (m *Matcher) Find(typ string, where search.Expr) iter.Seq2[*fhir.Resource, *search.Values] {
	return func(yield func(*fhir.Resource, *search.Values) bool) {
		for reference, r := range m.resources {
			if v := m.values[reference]; r.Type() == typ && search.Match(where, r, v, m) && !yield(r, v) {
				return
			}
		}
	}
}

// Values are the index values of a resource that is there.
func (m *Matcher) Values(reference string) *search.Values { return m.values[reference] }

// All are the resources, by reference.
func (m *Matcher) All() map[string]*fhir.Resource { return m.resources }

// Unordered implements Subject.
func (*Matcher) Unordered() bool { return true }

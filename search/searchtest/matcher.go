package searchtest

import (
	"context"
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
func (m *Matcher) Search(_ context.Context, q *search.Query) (*fhir.SearchPage, error) {
	page := &fhir.SearchPage{}
	for reference, r := range m.resources {
		if r.Type() == q.Type && search.Match(q.Where, r, m.values[reference]) {
			page.Total++
			if q.Count > 0 {
				page.Resources = append(page.Resources, r)
			}
		}
	}
	return page, nil
}

// Values are the index values of a resource that is there.
func (m *Matcher) Values(reference string) *search.Values { return m.values[reference] }

// All are the resources, by reference.
func (m *Matcher) All() map[string]*fhir.Resource { return m.resources }

// Unordered implements Subject.
func (*Matcher) Unordered() bool { return true }

package searchtest

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Subject is what answers searches: a store, or the matcher.
type Subject interface {
	Put(ctx context.Context, r *fhir.Resource) error
	Delete(ctx context.Context, typ, id string) error
	// Search gives the page that q.After says.
	Search(ctx context.Context, q *search.Query) (*fhir.SearchPage, error)
	// Unordered says that the subject knows neither order nor pages.
	Unordered() bool
}

// OnStore is a Subject that keeps resources in a store.
type OnStore struct {
	Store  fhir.Store
	Params *search.Params // what the store was opened with
}

// Put implements Subject.
func (s OnStore) Put(ctx context.Context, r *fhir.Resource) error {
	return s.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, err := tx.Put(ctx, r)
		return err
	})
}

// Delete implements Subject.
func (s OnStore) Delete(ctx context.Context, typ, id string) error {
	return s.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, err := tx.Delete(ctx, typ, id)
		return err
	})
}

// Search implements Subject.
func (s OnStore) Search(ctx context.Context, q *search.Query) (page *fhir.SearchPage, err error) {
	err = s.Store.View(ctx, func(tx fhir.Tx) (err error) {
		if q, err = Resolve(ctx, s.Params, tx, q); err != nil {
			return err
		}
		page, err = tx.Search(ctx, q)
		return err
	})
	return page, err
}

// Unordered implements Subject.
func (OnStore) Unordered() bool { return false }

package search

import (
	"context"

	"andiron.dev/fhir"
)

// Each yields the matches of a query, page by page, until there are no more; fn ends it by returning false.
func Each(ctx context.Context, in fhir.Reader, q *Query, fn func(*fhir.Resource) bool) error {
	page := *q
	for {
		found, err := in.Search(ctx, &page)
		if err != nil {
			return err
		}
		for _, r := range found.Resources {
			if !fn(r) {
				return nil
			}
		}
		if found.Next == "" {
			return nil
		}
		page.After = found.Next
	}
}

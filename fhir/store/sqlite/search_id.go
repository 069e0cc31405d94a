package sqlite

import (
	"cmp"
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// byID answers a search for ids and nothing else that fits on a page: each resource is read by its id, which takes less than to
// plan a search. Inclusions ask for all that a page refers to in this way. It reports false for other searches.
func (r *reader) byID(ctx context.Context, q *search.Query) (page *fhir.SearchPage, ok bool, err error) {
	if len(q.Where) != 1 || len(q.Sort) > 0 || q.After != "" {
		return nil, false, nil
	}
	ids, ok := q.Where[0].(*search.IDs)
	if !ok || len(ids.Any) > q.Count {
		return nil, false, nil
	}
	type found struct {
		row
		id string
	}
	all := make([]found, 0, len(ids.Any))
	for _, id := range ids.Any {
		if ctx.Err() != nil {
			return nil, true, givenUp(ctx.Err())
		}
		got, err := r.row(q.Type, id)
		if err != nil {
			return nil, true, err
		}
		if got.exists() && !got.deleted {
			all = append(all, found{got, id})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.rid, b.rid) })
	all = slices.CompactFunc(all, func(a, b found) bool { return a.rid == b.rid })
	page = &fhir.SearchPage{Total: -1}
	size := 0
	for _, f := range all {
		if size += len(f.body); size > search.PageBytes {
			return nil, false, nil // it takes more than one page
		}
		page.Resources = append(page.Resources, f.resource(q.Type, f.id))
	}
	if q.Total != search.TotalNone {
		page.Total = len(all)
	}
	return page, true, nil
}

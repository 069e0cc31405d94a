package core

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

const (
	// mostIncluded bounds what a page includes beside its matches, and rounds how far away that may be.
	mostIncluded = 5_000
	rounds       = 8
)

// include reads what the page refers to: anything from its matches, and from what is included what belongs to no patient, so that a
// Practitioner comes with the Organization, and no record leads to another. over says that there would be more.
func (w *walk) include(ctx context.Context, tx fhir.Tx) (list []*fhir.Resource, over bool, err error) {
	known := make(map[string]bool)
	for _, r := range w.found {
		known[r.Reference()] = true
	}
	records := w.m.config.Params.InCompartment("Patient")
	for from, round := w.found, 0; len(from) > 0 && round < rounds; round++ {
		var refs []fhir.Reference
		for _, r := range from {
			if r.Type() == "Group" { // whose members come as records, if they are members still
				continue
			}
			for ref := range w.m.referenced(r, w.m.base(w.req)) {
				_, ofSomebody := slices.BinarySearch(records, ref.Type)
				key := ref.Relative()
				switch {
				case known[key] || round > 0 && ofSomebody:
				case len(list)+len(refs) >= mostIncluded:
					over = true
				default:
					known[key] = true
					refs = append(refs, ref)
				}
			}
		}
		next, err := w.m.fetch(ctx, tx, w.req, refs)
		if err != nil {
			return nil, false, err
		}
		for _, r := range next {
			if w.wanted(r.Type()) && w.current(r) {
				list = append(list, r)
			}
		}
		from = next
	}
	return list, over, nil
}

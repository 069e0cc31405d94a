package encounter

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// bedsBelow are the beds in a Location, by name; with deep also those in rooms and wards within.
func (m *Module) bedsBelow(ctx context.Context, tx fhir.Tx, top *fhir.Resource, deep bool) (beds []*fhir.Resource, err error) {
	const chunk = 100 // Locations that are asked for at once
	seen := map[string]bool{top.ID(): true}
	for within := []string{top.Reference()}; len(within) > 0; {
		n := min(chunk, len(within))
		found, err := m.all(ctx, tx, "Location", fhir.Param{Name: "partof", Value: strings.Join(within[:n], ",")})
		if err != nil {
			return nil, err
		}
		within = within[n:]
		for _, r := range found {
			switch {
			case seen[r.ID()]:
			case isBed(r):
				beds = append(beds, r)
			case deep:
				within = append(within, r.Reference())
			}
			seen[r.ID()] = true
		}
	}
	slices.SortFunc(beds, func(a, b *fhir.Resource) int {
		if c := strings.Compare(nameOf(a), nameOf(b)); c != 0 {
			return c
		}
		return strings.Compare(a.ID(), b.ID())
	})
	return beds, nil
}

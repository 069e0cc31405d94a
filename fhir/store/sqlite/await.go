package sqlite

import (
	"context"

	"andiron.dev/fhir"
)

// Await returns when there is a version after a place in the commit order. Errors: those of fhir.Bell.
func (s *Store) Await(ctx context.Context, after fhir.Seq) error { return s.bell.Await(ctx, s, after) }

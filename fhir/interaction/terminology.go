package interaction

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// resolve looks up what a query asks of terminology (:in, :not-in, :above, :below), in the transaction that will search: no
// engine knows value sets. Whoever searches with a query that a client wrote resolves it first.
func (x *Interactions) resolve(ctx context.Context, tx fhir.Tx, q *search.Query, strict bool) (*search.Query, []fhir.Issue, error) {
	lists, err := unknownLists(ctx, tx, q)
	if err != nil {
		return nil, nil, err
	}
	if x.Internal != nil {
		ctx = x.Internal(ctx)
	}
	resolved, issues, err := terminology.New(x.Spec, x.Params, tx, &x.terms).Resolve(ctx, q, strict)
	return resolved, append(lists, issues...), err
}

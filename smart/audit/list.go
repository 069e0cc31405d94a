package audit

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// List calls fn with the AuditEvents that a search finds, all of them, in its order. It is for whoever has the store at hand: nothing is kept
// from it. Chains are not supported.
func (t *Trail) List(ctx context.Context, params fhir.Params, fn func(*fhir.Resource) error) error {
	q, _, err := t.config.Params.Parse(auditEvent, params, search.Options{Strict: true, Base: t.config.Base, Now: t.config.Now, Count: search.MaxCount})
	if err != nil {
		return err
	}
	j := &journal{ctx: ctx, trail: t, entries: t.config.Store.Entries}
	for {
		page, err := j.search(q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			if err := fn(r); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

package smart

import (
	"context"
	"iter"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// corpus finds, for criteria in memory, the other resources that they are about: all that are there, because a decision does not
// depend on what else may be seen.
type corpus struct {
	ctx context.Context
	t   *tx
	err error
}

const corpusPage = 20

// Find implements search.Corpus.
func (c *corpus) Find(typ string, where search.Expr) iter.Seq2[*fhir.Resource, *search.Values] {
	return func(yield func(*fhir.Resource, *search.Values) bool) {
		q := &search.Query{Type: typ, Where: search.And{where}, Count: corpusPage, Total: search.TotalNone}
		for {
			page, err := c.t.inner.Search(c.ctx, q)
			if err != nil {
				c.err = err
				return
			}
			for _, r := range page.Resources {
				if !yield(r, c.t.guard.config.Params.Values(r)) {
					return
				}
			}
			if q.After = page.Next; q.After == "" {
				return
			}
		}
	}
}

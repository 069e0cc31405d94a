package interaction

import (
	"iter"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// corpusPage is how many matches are read from the store at a time: nearly always the first decides.
const corpusPage = 20

// Find implements search.Corpus, for conditional references that look beyond one resource: what the transaction writes counts
// as the client wrote it, everything else as it is in the store.
func (l *links) Find(typ string, where search.Expr) iter.Seq2[*fhir.Resource, *search.Values] {
	return func(yield func(*fhir.Resource, *search.Values) bool) {
		candidates := l.candidates(typ)
		for _, c := range candidates {
			if search.Match(where, c.resource, c.values, l) && !yield(c.resource, c.values) {
				return
			}
		}
		q := &search.Query{Type: typ, Where: search.And{where}, Count: corpusPage + len(candidates), Total: search.TotalNone}
		for {
			page, err := l.tx.Search(l.ctx, q)
			if err != nil {
				if l.err == nil {
					l.err = err
				}
				return
			}
			for _, r := range page.Resources {
				if to := l.written[r.Reference()]; to != nil && to.req.Interaction != fhir.Patch {
					continue
				}
				if !yield(r, l.t.x.Params.Values(r)) {
					return
				}
			}
			if q.After = page.Next; q.After == "" {
				return
			}
		}
	}
}

package interaction

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// searchset answers a search: a page of matches, what is included with them, links to other pages, and an outcome where there is
// something to say. path is where the search is, relative to the base; it and what parse adds to the parameters must follow from
// each other, because links are bound to the path.
func (x *Interactions) searchset(ctx context.Context, req *fhir.Request, path string,
	parse func(fhir.Params, search.Options) (*search.Query, []fhir.Issue, error),
) (*fhir.Response, error) {
	p, err := x.page(req, path)
	if err != nil {
		return nil, err
	}
	// What a link holds has been understood before: should that have changed, the search must not become another.
	q, warnings, err := parse(p.params, search.Options{Strict: req.Prefer.Strict || p.followed, Base: req.Base, Now: func() time.Time { return p.began }})
	if err != nil {
		return nil, err
	}
	q.After = p.from
	if p.total >= 0 {
		q.Total = search.TotalNone
	}
	b := &fhir.Bundle{Type: fhir.Searchset}
	err = x.view(ctx, req, func(tx fhir.Tx) error {
		q, unsure, err := x.resolve(ctx, tx, q, req.Prefer.Strict)
		if err != nil {
			return err
		}
		found, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		included, issues, err := x.include(ctx, tx, req.Base, q, found.Resources)
		if err != nil {
			return err
		}
		b.Entries = nil
		for _, r := range found.Resources {
			b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeMatch})
		}
		b.Entries = append(b.Entries, included...)
		b.Total = p.settleTotal(found, q)
		b.Links, err = p.links(q, found.Next)
		warnings = slices.Concat(warnings, unsure, issues)
		if err == nil && req.Prefer.Explain && req.Tx == nil {
			var explained *fhir.Explanation
			if explained, err = explainIn(ctx, tx, q); err == nil {
				warnings = append(warnings, inWords(explained)...)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if cut := x.subset(q); cut != nil {
		for i := range b.Entries {
			b.Entries[i].Resource = cut.apply(b.Entries[i].Resource)
		}
	}
	if warnings = append(warnings, p.warnings...); len(warnings) > 0 {
		o := &fhir.Outcome{Issues: warnings}
		b.Entries = append(b.Entries, fhir.Entry{Resource: o.Resource(), Mode: fhir.ModeOutcome})
	}
	return &fhir.Response{Bundle: b}, nil
}

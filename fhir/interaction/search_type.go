package interaction

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// cursorParam is ours: a sealed page position that holds the whole query.
const cursorParam = "_cursor"

// searchType is http://hl7.org/fhir/R4/http.html#search for one resource type, by GET or POST.
func (x *Interactions) searchType(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	params, after := req.Params, ""
	if token := params.Get(cursorParam); token != "" {
		text, err := x.Seal.Open(req.Type, token)
		if err != nil {
			return nil, err
		}
		var query string
		after, query, _ = strings.Cut(text, "\n")
		if params, err = fhir.ParseParams(query); err != nil {
			return nil, err
		}
	}
	q, warnings, err := x.Params.Parse(req.Type, params, search.Options{Strict: req.Prefer.Strict, Base: req.Base})
	if err != nil {
		return nil, err
	}
	q.After = after
	b := &fhir.Bundle{Type: fhir.Searchset}
	err = x.view(ctx, req, func(tx fhir.Tx) error {
		page, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		b.Total, b.Entries = page.Total, nil
		for _, r := range page.Resources {
			b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeMatch})
		}
		b.Links = []fhir.Link{{Relation: "self", URL: req.Type + queryOf(selfParams(req.Params, q))}}
		if page.Next != "" {
			token := x.Seal.Seal(req.Type, page.Next+"\n"+params.Encode())
			b.Links = append(b.Links, fhir.Link{Relation: "next", URL: req.Type + queryOf(nextParams(req.Params, token))})
		} else if after == "" && q.Count > 0 && b.Total < 0 {
			b.Total = len(page.Resources) // all there is stands on this page
		}
		included, issues, err := x.include(ctx, tx, req.Base, q, page.Resources)
		b.Entries = append(b.Entries, included...)
		warnings = append(warnings, issues...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		o := &fhir.Outcome{Issues: warnings}
		b.Entries = append(b.Entries, fhir.Entry{Resource: o.Resource(), Mode: fhir.ModeOutcome})
	}
	return &fhir.Response{Bundle: b}, nil
}

// nextParams are the parameters of a link to the next page: the position, which holds the whole query, and what others than
// the search have to know of it.
func nextParams(params fhir.Params, token string) fhir.Params {
	next := fhir.Params{{Name: cursorParam, Value: token}}
	for _, p := range params {
		switch p.Name {
		case "_summary", "_elements", "_format", "_pretty":
			next = append(next, p)
		}
	}
	return next
}

// selfParams are the parameters that the server has honoured, as the self link must say
// (http://hl7.org/fhir/R4/search.html#conformance).
func selfParams(params fhir.Params, q *search.Query) fhir.Params {
	if params.Get(cursorParam) != "" {
		return params
	}
	return q.Honoured()
}

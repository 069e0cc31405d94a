package interaction

import (
	"context"
	"fmt"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// maxIncluded bounds the resources that one page includes beside its matches.
const maxIncluded = 1000

// inclusion gathers what _include and _revinclude add to a page (http://hl7.org/fhir/R4/search.html#include).
type inclusion struct {
	x       *Interactions
	tx      fhir.Tx
	base    string
	seen    map[string]bool
	entries []fhir.Entry
	full    bool
}

func (x *Interactions) include(ctx context.Context, tx fhir.Tx, base string, q *search.Query, matches []*fhir.Resource) ([]fhir.Entry, []fhir.Issue, error) {
	if len(q.Include)+len(q.RevInclude) == 0 || len(matches) == 0 {
		return nil, nil, nil
	}
	in := &inclusion{x: x, tx: tx, base: base, seen: make(map[string]bool)}
	for _, r := range matches {
		in.seen[r.Reference()] = true
	}
	for _, rule := range q.Include {
		for _, r := range matches {
			if err := in.forward(ctx, rule, r); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, rule := range q.RevInclude {
		if err := in.backward(ctx, rule, q.Type, matches); err != nil {
			return nil, nil, err
		}
	}
	if in.full {
		return in.entries, []fhir.Issue{{Severity: fhir.Warning, Code: fhir.Incomplete,
			Text: fmt.Sprintf("more than %d resources would be included with this page; the rest was left out, ask for smaller pages with _count", maxIncluded)}}, nil
	}
	return in.entries, nil, nil
}

func (in *inclusion) add(r *fhir.Resource) {
	if in.seen[r.Reference()] {
		return
	}
	if len(in.entries) >= maxIncluded {
		in.full = true
		return
	}
	in.seen[r.Reference()] = true
	in.entries = append(in.entries, fhir.Entry{Resource: r, Mode: fhir.ModeInclude})
}

// forward adds what r refers to. What is not there, or not any more, is not included.
func (in *inclusion) forward(ctx context.Context, rule search.Include, r *fhir.Resource) error {
	if rule.Source != r.Type() {
		return nil
	}
	for _, ref := range in.x.Params.Referenced(r, rule, in.base) {
		if in.seen[ref.Type+"/"+ref.ID] || in.full {
			continue
		}
		var target *fhir.Resource
		var err error
		if ref.Version != "" {
			target, err = in.tx.VRead(ctx, ref.Type, ref.ID, ref.Version)
		} else {
			target, err = in.tx.Read(ctx, ref.Type, ref.ID)
		}
		switch {
		case missing(err):
			continue
		case err != nil:
			return err
		}
		in.add(target)
	}
	return nil
}

// backward adds what refers to the matches: one search for all of them.
func (in *inclusion) backward(ctx context.Context, rule search.Include, typ string, matches []*fhir.Resource) error {
	if rule.Target != "" && rule.Target != typ {
		return nil
	}
	targets := make([]string, len(matches))
	for i, r := range matches {
		targets[i] = r.Reference()
	}
	for _, code := range in.x.Params.ReferenceCodes(rule.Source, rule.Code, typ) {
		q, _, err := in.x.Params.Parse(rule.Source, fhir.Params{{Name: code, Value: strings.Join(targets, ",")}}, search.Options{Strict: true, Base: in.base})
		if err != nil {
			return err
		}
		q.Count = maxIncluded + 1
		page, err := in.tx.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			in.add(r)
		}
	}
	return nil
}

package interaction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// condition parses a conditional request's search string. It is strict: a criterion that is not understood would widen
// the match, and a delete or update would hit what was not meant. The empty condition matches everything, so it is
// refused for the same reason.
func (x *Interactions) condition(req *fhir.Request) (*search.Query, error) {
	params, err := fhir.ParseParams(criteria(*req.Condition))
	if err != nil {
		return nil, err
	}
	var filters fhir.Params
	for _, p := range params {
		switch p.Name {
		case "_format", "_pretty":
		default:
			filters = append(filters, p)
		}
	}
	q, _, err := x.Params.Parse(req.Type, filters, search.Options{Strict: true, Base: req.Base})
	if err != nil {
		return nil, err
	}
	if len(q.Where) == 0 {
		return nil, fhir.NewOutcome(fhir.Invalid, "the condition has no criterion, so it would match everything")
	}
	return &search.Query{Type: q.Type, Where: q.Where, Total: search.TotalNone}, nil
}

// criteria is the query of a condition. R4 wants what follows the question mark; some clients write the type and the
// question mark as well. A question mark within the query is part of a value.
func criteria(condition string) string {
	if before, after, ok := strings.Cut(condition, "?"); ok && !strings.ContainsAny(before, "=&") {
		return after
	}
	return condition
}

// guard is the guard that a conditional request needs: of two with the same condition, the second sees what the first
// wrote. The query may hold patient data, so the key holds its hash.
func (x *Interactions) guard(req *fhir.Request) (string, error) {
	q, err := x.condition(req)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(q.Normal()))
	return "cond:" + req.Type + ":" + hex.EncodeToString(sum[:16]), nil
}

// matches evaluates the condition and returns at most max matches.
func (x *Interactions) matches(ctx context.Context, tx fhir.Tx, req *fhir.Request, max int) ([]*fhir.Resource, error) {
	if req.Resolved {
		return req.Matches, nil
	}
	q, err := x.condition(req)
	if err != nil {
		return nil, err
	}
	q.Count = max
	if q, _, err = x.resolve(ctx, tx, q, true); err != nil {
		return nil, err
	}
	page, err := tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return page.Resources, nil
}

// match evaluates a condition that may have one match at most; nil = none.
func (x *Interactions) match(ctx context.Context, tx fhir.Tx, req *fhir.Request) (*fhir.Resource, error) {
	matches, err := x.matches(ctx, tx, req, 2)
	switch {
	case err != nil:
		return nil, err
	case len(matches) > 1:
		return nil, tooMany(req)
	case len(matches) == 1:
		return matches[0], nil
	}
	return nil, nil
}

func tooMany(req *fhir.Request) error {
	return fhir.PreconditionFailed(fhir.MultipleMatches, "more than one "+req.Type+" matches the condition; it is not selective enough")
}

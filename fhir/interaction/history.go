package interaction

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// history is http://hl7.org/fhir/R4/http.html#history, for an instance, a type and the whole system: versions, newest
// first, deletions included.
func (x *Interactions) history(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	q, honoured, err := historyQuery(req)
	if err != nil {
		return nil, err
	}
	var page *fhir.HistoryPage
	err = x.view(ctx, req, func(tx fhir.Tx) (err error) {
		page, err = tx.History(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	b := &fhir.Bundle{Type: fhir.HistoryBundle, Total: page.Total}
	if b.Total < 0 && q.Before == 0 && page.Next == 0 && q.Count > 0 {
		b.Total = len(page.Events) // all there is stands on this page
	}
	path := "_history"
	if req.ID != "" {
		path = req.Type + "/" + req.ID + "/_history"
	} else if req.Type != "" {
		path = req.Type + "/_history"
	}
	b.Links = append(b.Links, fhir.Link{Relation: "self", URL: path + queryOf(honoured)})
	if page.Next != 0 {
		b.Links = append(b.Links, fhir.Link{Relation: "next", URL: path + nextHistory(honoured, page.Next)})
	}
	for i := range page.Events {
		e := &page.Events[i]
		b.Entries = append(b.Entries, fhir.Entry{Resource: e.Resource, Event: e})
	}
	return &fhir.Response{Bundle: b}, nil
}

func queryOf(params fhir.Params) string {
	if len(params) == 0 {
		return ""
	}
	return "?" + params.Encode()
}

// beforeParam is ours: the place in the commit order where a page of history begins. It tells nothing about patients.
const beforeParam = "_before"

func nextHistory(params fhir.Params, before fhir.Seq) string {
	var next fhir.Params
	for _, p := range params {
		if p.Name != beforeParam {
			next = append(next, p)
		}
	}
	return "?" + append(next, fhir.Param{Name: beforeParam, Value: strconv.FormatInt(int64(before), 10)}).Encode()
}

// plus gives a time zone back its '+', which arrives as a space where a client has not encoded it. No time holds a space.
func plus(value string) string { return strings.Replace(value, " ", "+", 1) }

// historyQuery reads the parameters of a history. Those that it does not know are left out of honoured, which is what the
// links say.
func historyQuery(req *fhir.Request) (q fhir.HistoryQuery, honoured fhir.Params, err error) {
	q = fhir.HistoryQuery{Type: req.Type, ID: req.ID, Count: search.DefaultCount}
	seen := make(map[string]bool)
	for _, p := range req.Params {
		if seen[p.Name] {
			return q, nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' must not be repeated", p.Name)
		}
		seen[p.Name] = true
		switch p.Name {
		case "_count":
			n, err := strconv.Atoi(p.Value)
			if err != nil || n < 0 {
				return q, nil, fhir.NewOutcome(fhir.Invalid, "the value of _count must be a whole number, 0 or more")
			}
			q.Count = min(n, search.MaxCount)
		case "_since":
			t, ok := fhir.ParseTemporal(plus(p.Value), time.UTC)
			if !ok || t.Precision < fhir.Second || !t.Zone {
				return q, nil, fhir.NewOutcome(fhir.Invalid, "the value of _since must be an instant such as 2024-05-31T14:30:00Z")
			}
			q.Since = t.Low
		case "_at":
			t, ok := fhir.ParseTemporal(plus(p.Value), time.UTC)
			if !ok {
				return q, nil, fhir.NewOutcome(fhir.Invalid, "the value of _at must be a date or dateTime such as 2024-05-31")
			}
			q.At = &t
		case beforeParam:
			n, err := strconv.ParseInt(p.Value, 10, 64)
			if err != nil || n < 1 {
				return q, nil, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server")
			}
			q.Before = fhir.Seq(n)
		case "_format", "_pretty", "_summary", "_elements":
		case "_list": // left out, it would widen the answer
			return q, nil, fhir.NewOutcome(fhir.NotSupported, "the parameter '_list' is not supported for history")
		default:
			if req.Prefer.Strict {
				return q, nil, fhir.Errorf(fhir.NotSupported, "the parameter '%s' is not known for history", url.QueryEscape(p.Name))
			}
			continue
		}
		honoured = append(honoured, p)
	}
	return q, honoured, nil
}

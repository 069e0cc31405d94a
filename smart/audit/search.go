package audit

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

const (
	pageOfEntries = 500     // entries that are read at once
	maxLooked     = 20_000  // entries that a page of a search looks at
	maxCounted    = 200_000 // entries that counting looks at
)

// ofTrail gives a search that is to be answered from the journal; nil for one that is not.
func ofTrail(q *search.Query) (*search.Query, error) {
	if q.Type == auditEvent {
		return q, nil
	}
	if q.Type != "" {
		return nil, nil
	}
	if len(q.Parts) == 1 && q.Parts[0].Type == auditEvent {
		one := *q
		one.Type, one.Where, one.Sort, one.Parts = auditEvent, q.Parts[0].Where, q.Parts[0].Sort, nil
		return &one, nil
	}
	if slices.ContainsFunc(q.Honoured(), func(p fhir.Param) bool {
		return p.Name == "_type" && slices.Contains(strings.Split(p.Value, ","), auditEvent)
	}) {
		return nil, fhir.NewOutcome(fhir.NotSupported, "AuditEvents cannot be searched together with other types")
	}
	return nil, nil
}

// finding is one search.
type finding struct {
	*journal
	q      *search.Query
	where  search.Expr
	slots  map[string]bool // of the index, that where asks for
	hint   hint
	oldest bool // in ascending order

	looked int // entries looked at
}

// search is Reader.Search for AuditEvents: newest first, unless they are sorted by date. A page may have fewer than it could, or none, and
// yet a next one, where much has to be looked at to find little.
func (j *journal) search(q *search.Query) (*fhir.SearchPage, error) {
	f := &finding{journal: j, q: q}
	var err error
	if f.oldest, err = ascending(q.Sort); err != nil {
		return nil, err
	}
	if f.where, err = j.prepare(q.Where); err != nil {
		return nil, err
	}
	f.slots = slotsOf(f.where)
	f.hint = hintOf(f.where)
	page := &fhir.SearchPage{Total: -1}
	if err := f.total(page); err != nil || q.Count == 0 {
		return page, err
	}
	after, err := parsePosition(q.After)
	if err != nil {
		return nil, err
	}
	f.looked = 0
	var last position
	err = f.each(after, func(at position, r *fhir.Resource) bool {
		if r == nil { // so far, and nothing
			if f.looked >= maxLooked {
				page.Next = at.String()
			}
			return f.looked < maxLooked
		}
		if len(page.Resources) == q.Count {
			page.Next = last.String()
			return false
		}
		page.Resources, last = append(page.Resources, r), at
		return true
	})
	return page, err
}

// ascending reads _sort. What is written first has the lowest number, so time is the one order that there is.
func ascending(rules []search.Sort) (bool, error) {
	for _, rule := range rules {
		switch {
		case rule.Param.Code != "date" && rule.Param.Code != "_lastUpdated":
			return false, fhir.Errorf(fhir.NotSupported, "AuditEvents can be sorted by date and _lastUpdated, not by '%s'", rule.Param.Code)
		case rule.Descending != rules[0].Descending:
			return false, fhir.NewOutcome(fhir.NotSupported, "AuditEvents can be sorted by one date")
		}
	}
	return len(rules) > 0 && !rules[0].Descending, nil
}

// total counts the matches if that is asked for.
func (f *finding) total(page *fhir.SearchPage) error {
	if f.q.Total == search.TotalNone {
		return nil
	}
	most := maxCounted
	if f.q.Total == search.TotalEstimate && f.q.Count > 0 {
		most = maxLooked
	}
	n, complete := 0, true
	err := f.each(position{}, func(_ position, r *fhir.Resource) bool {
		if r != nil {
			n++
		}
		complete = f.looked < most
		return complete
	})
	if err != nil {
		return err
	}
	if !complete && f.q.Total == search.TotalAccurate {
		return fhir.Errorf(fhir.TooCostly, "there are too many AuditEvents to count; narrow the search by date, patient or agent")
	}
	page.Total, page.Estimated = n, !complete
	return nil
}

// each calls fn with the matches in order, after a position, and with nil after each entry, until it returns false.
func (f *finding) each(after position, fn func(position, *fhir.Resource) bool) error {
	source, err := f.source(after)
	if err != nil {
		return err
	}
	for {
		entry, err := source.next()
		if err != nil || entry == nil {
			return err
		}
		f.looked++
		at := position{seq: entry.Seq}
		if r := f.open(entry); r != nil {
			for n := range r.count() {
				if at.n = n; entry.Seq == after.seq && n <= after.n || !f.hint.mayBe(r, n) {
					continue
				}
				one := r.resource(n)
				if search.Match(f.where, one, f.trail.config.Params.ValuesIn(f.slots, one), nil) && !fn(at, one) {
					return nil
				}
			}
		}
		if !fn(at, nil) {
			return nil
		}
	}
}

package patient

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// match is http://hl7.org/fhir/R4/patient-operation-match.html: the Patients that are likely the one that is described, best first.
// Candidates are found by searches for what they have to have in common; how each is weighed says traits.go.
func (m *Module) match(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	given := req.Input.Get("resource")
	if given.Type != "Patient" {
		return nil, fhir.NewOutcome(fhir.Invalid, "the parameter 'resource' must be a Patient")
	}
	most := 20
	if text := req.Input.Text("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fhir.NewOutcome(fhir.Value, "the value of 'count' must be 1 or more")
		}
		most = min(n, 1000)
	}
	wanted := traitsOf(given.Value)
	if !wanted.enough() {
		return nil, refusal(fhir.BusinessRule, "insufficient-traits", "too little is given to tell people apart: it takes an identifier with its system, or two of name, birth date, phone and email")
	}
	var found []*likely
	look := func(tx fhir.Tx) (err error) {
		found, err = m.likely(ctx, tx, m.base(req.Base), wanted)
		return err
	}
	var err error
	if req.Tx != nil {
		err = look(req.Tx)
	} else {
		err = m.config.Store.View(ctx, look)
	}
	if err != nil {
		return nil, err
	}
	if req.Input.Text("onlyCertainMatches") == "true" {
		if found = slices.DeleteFunc(found, func(l *likely) bool { return grade(l.score) != "certain" }); len(found) > 1 {
			found = nil // which of them it is, is not certain
		}
	}
	b := &fhir.Bundle{Type: fhir.Searchset, Total: len(found), Links: []fhir.Link{{Relation: "self", URL: "Patient/$match"}}}
	conflict := false
	for _, l := range found[:min(most, len(found))] {
		b.Entries = append(b.Entries, fhir.Entry{Resource: l.r, Mode: fhir.ModeMatch, Score: fmt.Sprintf("%d.%02d", l.score/100, l.score%100), Grade: grade(l.score)})
		conflict = conflict || l.conflict
	}
	if conflict {
		o := &fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Detail: "trait-conflict",
			Text: "an identifier is that of a Patient whose name or birth date is another: one of the two may be wrong"}}}
		b.Entries = append(b.Entries, fhir.Entry{Resource: o.Resource(), Mode: fhir.ModeOutcome})
	}
	return &fhir.Response{Bundle: b}, nil
}

// likely is a Patient that may be the one, with a score in hundredths.
type likely struct {
	r        *fhir.Resource
	score    int
	conflict bool
}

func grade(score int) string {
	switch {
	case score >= 85:
		return "certain"
	case score >= 65:
		return "probable"
	case score >= 45:
		return "possible"
	}
	return "certainly-not"
}

// likely weighs the candidates. Where an identifier says who it is, nobody else is asked about. Who has been merged into another stands
// for the other; who is inactive otherwise is nobody.
func (m *Module) likely(ctx context.Context, tx fhir.Tx, base string, wanted *traits) ([]*likely, error) {
	candidates, identified, err := m.candidates(ctx, tx, base, wanted)
	if err != nil {
		return nil, err
	}
	by := make(map[string]*likely)
	for _, r := range candidates {
		one := traitsOf(r.Root())
		l := &likely{score: wanted.score(one)}
		if identified {
			l.score, l.conflict = 100, wanted.conflicts(one)
		}
		if grade(l.score) == "certainly-not" {
			continue
		}
		if l.r, err = m.survivor(ctx, tx, base, r); err != nil {
			return nil, err
		}
		if l.r == nil {
			continue
		}
		if known := by[l.r.ID()]; known == nil || known.score < l.score {
			by[l.r.ID()] = l
		}
	}
	var list []*likely
	for _, l := range by {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *likely) int { return cmp.Or(b.score-a.score, strings.Compare(a.r.ID(), b.r.ID())) })
	return list, nil
}

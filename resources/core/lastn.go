package core

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// lastN is http://hl7.org/fhir/R4/observation-operation-lastn.html: of what a search finds, the newest of each code.
func (m *Module) lastN(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	most := 1
	if text := req.Input.Text("max"); text != "" {
		if n, err := strconv.Atoi(text); err == nil {
			most = n
		}
	}
	q, warnings, err := m.lastNQuery(req)
	if err != nil {
		return nil, err
	}
	var list []*measured
	err = m.view(ctx, req, func(tx fhir.Tx) error {
		q, unsure, err := m.resolve(ctx, tx, q, req.Prefer.Strict)
		if err != nil {
			return err
		}
		list, warnings = nil, append(warnings[:len(warnings):len(warnings)], unsure...)
		err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
			list = append(list, measure(r))
			return len(list) <= maxMeasured
		})
		if err == nil && len(list) > maxMeasured {
			return tooMany()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list = newest(list, most)
	b := &fhir.Bundle{Type: fhir.Searchset, Total: len(list)}
	self := append(q.Honoured(), fhir.Param{Name: "max", Value: strconv.Itoa(most)})
	b.Links = []fhir.Link{{Relation: "self", URL: "Observation/$lastn?" + self.Encode()}}
	for _, one := range list {
		b.Entries = append(b.Entries, fhir.Entry{Resource: one.r, Mode: fhir.ModeMatch})
	}
	if len(warnings) > 0 {
		b.Entries = append(b.Entries, fhir.Entry{Resource: (&fhir.Outcome{Issues: warnings}).Resource(), Mode: fhir.ModeOutcome})
	}
	return &fhir.Response{Bundle: b}, nil
}

// maxMeasured bounds the Observations that $lastn and $stats look at.
const maxMeasured = 50_000

func tooMany() error {
	return fhir.Errorf(fhir.TooCostly, "more than %d Observations are asked about; narrow the search down, by date for instance", maxMeasured)
}

// lastNQuery reads the search. It has to say whose, and what kind of Observations.
func (m *Module) lastNQuery(req *fhir.Request) (*search.Query, []fhir.Issue, error) {
	subject, code := false, false
	for _, p := range req.Params {
		name, _, _ := strings.Cut(p.Name, ".") // subject.identifier
		name, modifier, _ := strings.Cut(name, ":")
		switch name {
		case "_sort", "_count", "_include", "_revinclude", "_total", cursorParam:
			return nil, nil, fhir.Errorf(fhir.NotSupported, "the operation does not take the search parameter '%s'", name)
		case "patient", "subject":
			subject = subject || p.Value != "" && modifier != "missing"
		case "category", "code", "combo-code", "component-code", "code-value-concept", "code-value-date", "code-value-quantity", "code-value-string",
			"combo-code-value-concept", "combo-code-value-quantity":
			code = code || p.Value != "" && modifier != "missing"
		}
	}
	if !subject {
		return nil, nil, fhir.NewOutcome(fhir.Required, "the operation needs the search parameter 'patient' or 'subject'")
	}
	if !code {
		return nil, nil, fhir.NewOutcome(fhir.Required, "the operation needs the search parameter 'category' or 'code'")
	}
	o := m.options(req)
	o.Strict = req.Prefer.Strict
	q, warnings, err := m.config.Params.Parse("Observation", req.Params, o)
	if err == nil {
		q.Count, q.Total = search.MaxCount, search.TotalNone
	}
	return q, warnings, err
}

// measured is an Observation with what orders it.
type measured struct {
	r     *fhir.Resource
	at    time.Time // the end of when it is about; zero = it does not say
	codes []string
}

func measure(r *fhir.Resource) *measured {
	one := &measured{r: r, at: effective(r.Root())}
	code := r.Root().Get("code")
	for coding := range code.Each("coding") {
		if c := coding.Get("code").Text(); c != "" {
			one.codes = append(one.codes, coding.Get("system").Text()+"|"+c)
		}
	}
	if len(one.codes) == 0 {
		one.codes = []string{code.Get("text").Text()}
	}
	return one
}

// effective is when an Observation is about; of a period its end, or else its start.
func effective(root fhir.Element) time.Time {
	period := root.Get("effectivePeriod")
	for _, text := range []string{root.Get("effectiveDateTime").Text(), root.Get("effectiveInstant").Text(), period.Get("end").Text(), period.Get("start").Text()} {
		if t, ok := fhir.ParseTemporal(text, time.UTC); ok {
			return t.Low
		}
	}
	for event := range root.Get("effectiveTiming").Each("event") {
		if t, ok := fhir.ParseTemporal(event.Text(), time.UTC); ok {
			return t.Low
		}
	}
	return time.Time{}
}

// newest gives the newest of each group, most of them or more where several are as old; groups in the order of their newest. Codes in one
// Observation mean the same, and so do those that they share with others.
func newest(list []*measured, most int) []*measured {
	slices.SortStableFunc(list, func(a, b *measured) int {
		return cmp.Or(b.at.Compare(a.at), strings.Compare(a.r.ID(), b.r.ID()))
	})
	same := make(map[string]string) // code -> a code that means the same; the last of these is the group
	group := func(code string) string {
		for same[code] != "" && same[code] != code {
			code = same[code]
		}
		return code
	}
	for _, one := range list {
		first := group(one.codes[0])
		for _, code := range one.codes[1:] {
			if other := group(code); other != first {
				same[other] = first
			}
		}
	}
	var order []string
	groups := make(map[string][]*measured)
	for _, one := range list {
		key := group(one.codes[0])
		so := groups[key]
		if so == nil {
			order = append(order, key)
		}
		if len(so) < most || so[most-1].at.Equal(one.at) {
			groups[key] = append(so, one)
		}
	}
	var chosen []*measured
	for _, key := range order {
		chosen = append(chosen, groups[key]...)
	}
	return chosen
}

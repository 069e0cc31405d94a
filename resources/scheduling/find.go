package scheduling

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
)

// find is $find of Appointment: ITI-115 of IHE Scheduling, with Argonaut's parameters and ours beside them (domain design §7.4). It reads what it needs as the
// server: Schedules, Slots and Appointments are not disclosed by the times that are left over.
func (m *Module) find(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	in, after, err := m.followed(req)
	if err != nil {
		return nil, err
	}
	q := &quest{m: m, in: in, now: m.config.Now(), caller: caller(ctx), snapshot: req.Tx == nil}
	b := &fhir.Bundle{Type: fhir.Searchset}
	var records []*fhir.Record
	err = m.view(ctx, req, func(tx fhir.Tx) error {
		if err := q.run(ctx, tx); err != nil {
			return err
		}
		page, rest := q.page(after)
		b.Entries, b.Links, records = nil, nil, nil
		for _, c := range page {
			o, err := q.offer(c)
			if err != nil {
				return err
			}
			record, err := o.record(q.caller)
			if err != nil {
				return err
			}
			b.Entries, records = append(b.Entries, fhir.Entry{Resource: o.appointment, Mode: fhir.ModeMatch, Score: decimal(q.score(c))}), append(records, record)
		}
		if rest {
			if b.Links, err = m.next(req, in, page[len(page)-1].mark()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.Total = len(q.found)
	b.Links = append([]fhir.Link{{Relation: "self", URL: selfLink(in)}}, b.Links...)
	if issues := q.remarks(); len(issues) > 0 {
		b.Entries = append(b.Entries, fhir.Entry{Resource: (&fhir.Outcome{Issues: issues}).Resource(), Mode: fhir.ModeOutcome})
	}
	if req.Tx != nil { // a part of a Bundle: it may only read
		m.offers.put(records)
		return &fhir.Response{Bundle: b}, nil
	}
	return &fhir.Response{Bundle: b}, m.keep(ctx, records)
}

// quest is one search for times.
type quest struct {
	m        *Module
	in       fhir.Parameters
	w        *wish
	now      time.Time
	caller   string
	snapshot bool // no other update can matter
	timing   func(time.Time, *time.Location) bool

	combos   []*combo
	found    []*candidate // in the order of the answer
	warnings []fhir.Issue
	next     time.Time // the first time after the window, where there is none in it
}

// candidate is a time that can be booked.
type candidate struct {
	*combo
	start  time.Time
	scored int64 // where it is ranked by that
}

// mark is the place of a candidate in the answer.
type mark struct {
	Score int64  `json:"c,omitempty"`
	Start int64  `json:"s"` // nanoseconds
	Rank  int    `json:"r"`
	Key   string `json:"k"`
}

func (c *candidate) mark() mark { return mark{c.scored, c.start.UnixNano(), c.rank, c.key} }

// compare is the order of the answer: by score, then time; where that is the same by whom was named first, then by Schedule.
func (a mark) compare(b mark) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Rank, b.Rank), strings.Compare(a.Key, b.Key))
}

// run works the answer out.
func (q *quest) run(ctx context.Context, tx fhir.Tx) (err error) {
	q.combos, q.found, q.warnings = nil, nil, nil
	if q.w, err = readWish(q.in); err != nil {
		return err
	}
	if q.timing, err = preference(q.w.timing); err != nil {
		return err
	}
	r := &resolver{m: q.m, tx: tx, in: q.in, w: q.w}
	if err := r.read(ctx); err != nil {
		return err
	}
	services, err := r.offered(ctx)
	if err != nil {
		return err
	}
	if len(q.w.whose) == 0 {
		if err := r.unnamed(ctx, services); err != nil {
			return err
		}
	}
	if err := q.search(ctx, tx, services, q.w.window); err != nil {
		return err
	}
	if q.next = (time.Time{}); len(q.found) == 0 && len(q.combos) > 0 && q.w.occurrences == 1 {
		later := *q
		if err := later.search(ctx, tx, services, span{q.w.window.end, q.w.window.end.Add(maxWindow)}); err != nil {
			return err
		}
		for _, c := range later.found {
			if q.next.IsZero() || c.start.Before(q.next) {
				q.next = c.start
			}
		}
	}
	return nil
}

// search finds what can be booked in a window.
func (q *quest) search(ctx context.Context, tx fhir.Tx, services []*fhir.Resource, window span) error {
	reach := window
	reach.end = reach.end.Add(time.Duration(q.w.occurrences-1)*7*24*time.Hour + time.Hour)
	b := q.m.newBinder(tx, reach, []string{q.w.ignore})
	b.snapshot = q.snapshot
	if err := q.combine(ctx, b, services); err != nil {
		return err
	}
	if err := b.bind(ctx); err != nil {
		return err
	}
	taken, err := q.m.patientTimes(ctx, tx, q.w.busy, q.w.ignore, reach, q.snapshot)
	if err != nil {
		return err
	}
	starts := make(map[*agenda][]time.Time)
	for _, a := range b.list {
		starts[a] = a.starts(q.now)
	}
	q.found = nil
	for _, c := range q.combos {
		common := starts[c.agendas[0]]
		for _, a := range c.agendas[1:] {
			common = intersect(common, starts[a])
		}
		at := 0
		for _, t := range common {
			if !t.Before(window.end) {
				break
			}
			for at < len(taken) && !taken[at].End.After(t) {
				at++
			}
			s := availability.Span{Start: t, End: t.Add(c.agendas[0].resolved.Duration)}
			if at < len(taken) && slices.ContainsFunc(taken[at:], s.Overlaps) || q.w.occurrences > 1 && !c.repeats(t, q.w.occurrences, common, taken) {
				continue
			}
			q.found = append(q.found, &candidate{combo: c, start: t})
		}
	}
	if q.w.best {
		for _, c := range q.found {
			c.scored = q.score(c)
		}
	}
	slices.SortFunc(q.found, func(a, b *candidate) int { return a.mark().compare(b.mark()) })
	return nil
}

// repeats reports whether a booking can be made at the same time of day for as many weeks.
func (c *combo) repeats(t time.Time, weeks int, starts []time.Time, taken []availability.Span) bool {
	zone, length := c.zone(), c.agendas[0].resolved.Duration
	local := t.In(zone)
	h, m, s := local.Clock()
	clock := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	for week := 1; week < weeks; week++ {
		at := availability.Instants(availability.DateOf(t, zone).Add(7*week), clock, zone)
		if len(at) == 0 {
			return false
		}
		if _, found := slices.BinarySearchFunc(starts, at[0], time.Time.Compare); !found {
			return false
		}
		if slices.ContainsFunc(taken, availability.Span{Start: at[0], End: at[0].Add(length)}.Overlaps) {
			return false
		}
	}
	return true
}

// intersect are the times in both lists, which are in order.
func intersect(a, b []time.Time) (both []time.Time) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch a[i].Compare(b[j]) {
		case 0:
			both = append(both, a[i])
			i, j = i+1, j+1
		case -1:
			i++
		default:
			j++
		}
	}
	return both
}

// patientTimes are the times that patients' blocking Appointments take, in order.
func (m *Module) patientTimes(ctx context.Context, tx fhir.Tx, patients []string, ignore string, window span, snapshot bool) (list []availability.Span, err error) {
	if len(patients) == 0 {
		return nil, nil
	}
	set := make(map[string]bool)
	for _, p := range patients {
		set[p] = true
	}
	found, err := m.readDiaries(ctx, tx, appointmentDiary, set, availability.Span{Start: window.start, End: window.end.Add(24 * time.Hour)}, snapshot)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if blocks(e.Status) && !e.over(m.config.Now()) && e.Ref != ignore {
			list = append(list, e.span())
		}
	}
	return availability.Union(list), nil
}

// page is what one answer holds of what was found, and whether there is more.
func (q *quest) page(after *mark) (page []*candidate, more bool) {
	from := min(q.w.offset, len(q.found))
	if after != nil {
		from, _ = slices.BinarySearchFunc(q.found, *after, func(c *candidate, m mark) int {
			if c.mark().compare(m) <= 0 {
				return -1
			}
			return 1
		})
	}
	to := min(from+q.w.count, len(q.found))
	return q.found[from:to], to < len(q.found) && q.w.count > 0
}

// remarks are what is told beside the matches.
func (q *quest) remarks() []fhir.Issue {
	issues := q.warnings
	if len(q.found) == 0 {
		none := fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Detail: "no-availability", Text: "there is no time that could be booked in the window"}
		if !q.next.IsZero() {
			none.Diagnostics = diagnostics(object{"next-available": instant(q.next)})
		}
		issues = append(issues, none)
	}
	return issues
}

package scheduling

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// longestSeries is how many appointments a series may have.
const longestSeries = 52

// series are the appointments of the series that one belongs to, in their order; itself alone where it belongs to none.
func (m *Module) series(ctx context.Context, tx fhir.Tx, a *appointment) ([]*appointment, error) {
	own := recurrence(a)
	if own == "" {
		return []*appointment{a}, nil
	}
	all := append(slices.Clone(a.patients), a.actors...)
	if len(all) == 0 {
		return []*appointment{a}, nil
	}
	found, err := m.found(ctx, tx, "Appointment", 0, fhir.Param{Name: "actor", Value: all[0]}, fhir.Param{Name: "identifier", Value: seriesSystem + "|" + own})
	if err != nil {
		return nil, err
	}
	var list []*appointment
	for _, r := range found {
		list = append(list, appointmentOf(r))
	}
	slices.SortFunc(list, func(x, y *appointment) int { return x.start.Compare(y.start) })
	return list, nil
}

// seriesSystem is the system of the identifier that all appointments of a series have.
const seriesSystem = fhir.CanonicalBase + "/sid/appointment-series"

// recurrence is the name of the series that an appointment belongs to; "" where it belongs to none.
func recurrence(a *appointment) string {
	for i := range a.root.Each("identifier") {
		if i.Get("system").Text() == seriesSystem {
			return i.Get("value").Text()
		}
	}
	return ""
}

// bookSeries is our Appointment/$book-series: all appointments of a series, or none.
func (m *Module) bookSeries(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	given := req.Input.Get("appointment-resource").Value
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		a := readAppointment(given)
		if a.start.IsZero() || !a.end.After(a.start) {
			return nil, refuse(fhir.Required, "required", "the first appointment of the series needs its start and end", "Parameters.parameter.resource.start")
		}
		in := &intent{schedules: containedSchedules(given)}
		zone := m.seriesZone(ctx, tx, a, in)
		starts, err := recurs(extension(given, newer("Appointment.recurrenceTemplate")), a.start, zone)
		if err != nil {
			return nil, err
		}
		var series []*fhir.Resource
		name := m.config.NewID()
		for n, start := range starts {
			s := &source{given: objectOf(given)}
			o := s.appointment(m.config.NewID(), booked)
			seat(o, patientsOf(ctx, req.Input), "accepted")
			seat(o, nil, "accepted")
			o["start"], o["end"] = instant(start), instant(start.Add(a.end.Sub(a.start)))
			extend(o, newer("Appointment.recurrenceId"), object{"valuePositiveInt": n + 1})
			identifiers, _ := o["identifier"].([]any)
			o["identifier"] = append(slices.Clone(identifiers), object{"system": seriesSystem, "value": name})
			r, err := build(o)
			if err != nil {
				return nil, err
			}
			series = append(series, r)
		}
		return m.allOrNone(intending(ctx, in), tx, series)
	}, bundled)
}

// seriesZone is the time zone whose wall clock a series keeps to.
func (m *Module) seriesZone(ctx context.Context, tx fhir.Tx, a *appointment, in *intent) *time.Location {
	claims, err := m.claims(ctx, tx, a, in)
	if err == nil && len(claims) > 0 && claims[0].service != nil {
		if p, err := m.resolve(ctx, tx, claims[0].schedule, claims[0].service); err == nil {
			return p.Zone
		}
	}
	return time.UTC
}

// allOrNone writes appointments. Where some cannot be had the error names the days of all of them; the update fails, so none are written.
func (m *Module) allOrNone(ctx context.Context, tx fhir.Tx, series []*fhir.Resource) (done []written, err error) {
	var refused *fhir.Outcome
	for _, r := range series {
		one, err := m.create(ctx, tx, r)
		if err == nil {
			done = append(done, one...)
			continue
		}
		o := fhir.AsOutcome(err)
		if o.Code() != fhir.NotFound && o.Code() != fhir.Conflict && o.Code() != fhir.BusinessRule {
			return nil, err
		}
		issue := o.Issues[0]
		if o.Refinement == fhir.Unavailable {
			issue = o.Issues[1]
		}
		if refused == nil {
			refused = &fhir.Outcome{Refinement: o.Refinement}
			if o.Refinement == fhir.Unavailable {
				refused.Issues = append(refused.Issues, o.Issues[0])
			}
		}
		start := r.Root().Get("start").Text()
		issue.Text, issue.Diagnostics = fmt.Sprintf("%s: %s", start, issue.Text), diagnostics(object{"start": start, "date": start[:len(time.DateOnly)]})
		refused.Issues = append(refused.Issues, issue)
	}
	if refused != nil {
		return nil, refused
	}
	return done, nil
}

// recurs are the starts of a series, by the wall clock of a zone. The template is R5's Appointment.recurrenceTemplate as an extension.
func recurs(template fhir.Element, first time.Time, zone *time.Location) ([]time.Time, error) {
	wrong := func(text string) error {
		return refuse(fhir.Value, "value", text, "Parameters.parameter.resource.extension")
	}
	if !template.Exists() {
		return nil, refuse(fhir.Required, "required", "the appointment needs the extension Appointment.recurrenceTemplate", "Parameters.parameter.resource.extension")
	}
	kind := ""
	for coding := range part(template, "recurrenceType").Get("valueCodeableConcept").Each("coding") {
		kind = coding.Get("code").Text()
	}
	if code := part(template, "recurrenceType").Get("valueCode").Text(); code != "" {
		kind = code
	}
	weekly, monthly := part(template, "weeklyTemplate"), part(template, "monthlyTemplate")
	count, every := 0, 1
	if text := textOf(part(template, "occurrenceCount")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, wrong("occurrenceCount must be a number from 1")
		}
		count = n
	}
	var days []time.Weekday
	interval := ""
	switch {
	case weekly.Exists() || kind == "weekly" || kind == "wk":
		interval, kind = textOf(part(weekly, "weekInterval")), "weekly"
		for d, name := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
			if textOf(part(weekly, name)) == "true" {
				days = append(days, time.Weekday(d))
			}
		}
	case monthly.Exists() || kind == "monthly" || kind == "mo":
		interval, kind = textOf(part(monthly, "monthInterval")), "monthly"
	case kind == "" || kind == "daily" || kind == "d":
		kind = "daily"
	default:
		return nil, wrong("the series must be daily, weekly or monthly")
	}
	if interval != "" {
		n, err := strconv.Atoi(interval)
		if err != nil || n < 1 || n > 366 {
			return nil, wrong("the interval of a series must be a number from 1")
		}
		every = n
	}
	last := time.Time{}
	if text := textOf(part(template, "lastOccurrenceDate")); text != "" {
		t, ok := fhir.ParseTemporal(text, zone)
		if !ok {
			return nil, wrong("lastOccurrenceDate must be a date")
		}
		last = t.High
	}
	if count == 0 && last.IsZero() {
		return nil, wrong("a series needs occurrenceCount or lastOccurrenceDate")
	}
	skipped := make(map[string]bool)
	for x := range template.Each("extension") {
		if x.Get("url").Text() == "excludingDate" {
			skipped[textOf(x)] = true
		}
	}
	return occurrences(first.In(zone), kind, every, days, count, last, skipped)
}

// textOf is the value of an extension, of whatever primitive type.
func textOf(x fhir.Element) string {
	for p := x.First(); p.Exists(); p = p.Next() {
		if name := p.Name(); len(name) > 5 && name[:5] == "value" {
			return p.Text()
		}
	}
	return ""
}

// occurrences counts the starts out.
func occurrences(first time.Time, kind string, every int, days []time.Weekday, count int, last time.Time, skipped map[string]bool) (list []time.Time, err error) {
	if count > longestSeries {
		return nil, refuse(fhir.BusinessRule, "series-too-long", "a series has 52 appointments at most", "Parameters.parameter.resource.extension")
	}
	if len(days) == 0 {
		days = []time.Weekday{first.Weekday()}
	}
	clock := func(d time.Time) time.Time {
		return time.Date(d.Year(), d.Month(), d.Day(), first.Hour(), first.Minute(), first.Second(), 0, first.Location())
	}
	monday := first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
	for n := 0; n < 366*10; n++ {
		var t time.Time
		switch kind {
		case "weekly":
			t = monday.AddDate(0, 0, n)
			if n/7%every != 0 || !slices.Contains(days, t.Weekday()) {
				continue
			}
		case "monthly":
			t = time.Date(first.Year(), first.Month()+time.Month(n*every), first.Day(), 12, 0, 0, 0, first.Location())
			if t.Day() != first.Day() { // the month is too short
				continue
			}
		default:
			t = first.AddDate(0, 0, n*every)
		}
		if t = clock(t); t.Before(first) || skipped[t.Format(time.DateOnly)] {
			continue
		}
		if !last.IsZero() && !t.Before(last) || count > 0 && len(list) == count {
			return list, nil
		}
		if len(list) == longestSeries {
			return nil, refuse(fhir.BusinessRule, "series-too-long", "a series has 52 appointments at most", "Parameters.parameter.resource.extension")
		}
		list = append(list, t.UTC())
	}
	return list, nil
}

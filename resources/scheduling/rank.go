package scheduling

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// The score of an offer is 0.45·E + 0.25·P + 0.20·T + 0.10·C (domain design §7.4): how early in the window it is, the practitioner's place in the request,
// whether the timing that was asked for is met, and whether it leaves no gap in a calendar. It is worked out in whole numbers, so that it is exact, and
// rounded half up to ten-thousandths.
func (q *quest) score(c *candidate) int64 {
	length, passed := q.w.window.end.Sub(q.w.window.start).Milliseconds(), c.start.Sub(q.w.window.start).Milliseconds()
	if length == 0 {
		length = 1
	}
	timing, snug := int64(0), int64(0)
	if q.timing == nil || q.timing(c.start, c.zone()) {
		timing = 2000
	}
	if slices.ContainsFunc(c.agendas, func(a *agenda) bool { return a.calendar.Snug(c.start) }) {
		snug = 1000
	}
	rank := int64(c.rank)
	over := 4500*(length-passed)*rank + 2500*length + (timing+snug)*length*rank
	under := length * rank
	return (2*over + under) / (2 * under)
}

// decimal is a score as it is written: 0.7563.
func decimal(score int64) string { return fmt.Sprintf("%d.%04d", score/10_000, score%10_000) }

// preference reads a Timing: whether a start is at one of its events, or within its bounds, on its days of the week and at its times of day, as far as
// it has them. Times of day are hours that begin then, or parts of the day by the codes of Timing.repeat.when. nil = it says nothing.
func preference(timing fhir.Element) (func(t time.Time, zone *time.Location) bool, error) {
	if !timing.Exists() {
		return nil, nil
	}
	repeat := timing.Get("repeat")
	var tests []func(local time.Time, zone *time.Location) bool
	var events []string
	for e := range timing.Each("event") {
		events = append(events, e.Text())
	}
	if len(events) > 0 {
		tests = append(tests, func(local time.Time, zone *time.Location) bool {
			return slices.ContainsFunc(events, func(text string) bool {
				at, ok := fhir.ParseTemporal(text, zone)
				return ok && !local.Before(at.Low) && local.Before(at.High)
			})
		})
	}
	if bounds := repeat.Get("boundsPeriod"); bounds.Exists() {
		if _, ok := periodOf(bounds, time.UTC); !ok {
			return nil, fhir.NewOutcome(fhir.Value, "the bounds of timing cannot be read, or end before they start", "Parameters.parameter")
		}
		tests = append(tests, func(local time.Time, zone *time.Location) bool {
			s, ok := periodOf(bounds, zone)
			return ok && !local.Before(s.Start) && local.Before(s.End)
		})
	}
	var weekdays []string
	for day := range repeat.Each("dayOfWeek") {
		weekdays = append(weekdays, day.Text())
	}
	if len(weekdays) > 0 {
		tests = append(tests, func(local time.Time, _ *time.Location) bool {
			return slices.Contains(weekdays, strings.ToLower(local.Weekday().String()[:3]))
		})
	}
	if hours := hoursOf(repeat); len(hours) > 0 {
		tests = append(tests, func(local time.Time, _ *time.Location) bool {
			h, m, s := local.Clock()
			at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
			return slices.ContainsFunc(hours, func(x [2]time.Duration) bool { return at >= x[0] && at < x[1] })
		})
	}
	if len(tests) == 0 {
		return nil, fhir.NewOutcome(fhir.NotSupported, "of timing, event and repeat with boundsPeriod, dayOfWeek, timeOfDay and when are understood", "Parameters.parameter")
	}
	return func(t time.Time, zone *time.Location) bool {
		for _, test := range tests {
			if !test(t.In(zone), zone) {
				return false
			}
		}
		return true
	}, nil
}

// hoursOf are the times of day that are preferred.
func hoursOf(repeat fhir.Element) (list [][2]time.Duration) {
	for e := range repeat.Each("timeOfDay") {
		if at, err := time.Parse(time.TimeOnly, e.Text()); err == nil {
			from := at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
			list = append(list, [2]time.Duration{from, from + time.Hour})
		}
	}
	parts := map[string][2]time.Duration{
		"MORN": {6, 12}, "MORN.early": {6, 9}, "MORN.late": {9, 12}, "NOON": {12, 13}, "AFT": {12, 18}, "AFT.early": {12, 15}, "AFT.late": {15, 18},
		"EVE": {18, 22}, "EVE.early": {18, 20}, "EVE.late": {20, 22}, "NIGHT": {22, 24},
	}
	for e := range repeat.Each("when") {
		if hours, ok := parts[e.Text()]; ok {
			list = append(list, [2]time.Duration{hours[0] * time.Hour, hours[1] * time.Hour})
		}
	}
	return list
}

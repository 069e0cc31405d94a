package automation

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// timetable is a Timing (http://hl7.org/fhir/R4/datatypes.html#Timing) as a rule can follow it.
type timetable struct {
	events   []time.Time
	period   int
	unit     string // s, min, h, d, wk, mo or a
	often    int    // times per period
	days     []time.Weekday
	clock    []time.Duration // since midnight
	from, to time.Time       // zero = open
	count    int             // times in all; 0 = without end
}

// The reasons why a Timing cannot be followed.
var (
	errTimingWhen   = errors.New("a period is followed by frequency, period, dayOfWeek and timeOfDay, not by 'when' and 'offset'")
	errTimingEmpty  = errors.New("the timing says neither when nor how often")
	errTimingUnit   = errors.New("a period needs a positive whole number and one of the units s, min, h, d, wk, mo, a")
	errTimingOften  = errors.New("more than one time a period is possible for periods of at most some weeks")
	errTimingBounds = errors.New("the bounds must be a Period")
)

// readTiming reads a Timing.
func readTiming(e fhir.Element) (*timetable, error) {
	t := &timetable{often: 1}
	for event := range e.Each("event") {
		if at, ok := fhir.ParseTemporal(event.Text(), time.UTC); ok {
			t.events = append(t.events, at.Low)
		}
	}
	repeat := e.Get("repeat")
	if !repeat.Exists() {
		if len(t.events) == 0 {
			return nil, errTimingEmpty
		}
		return t, nil
	}
	if repeat.Get("when").Exists() || repeat.Get("offset").Exists() {
		return nil, errTimingWhen
	}
	if repeat.Get("boundsDuration").Exists() || repeat.Get("boundsRange").Exists() {
		return nil, errTimingBounds
	}
	t.from, t.to = period(repeat.Get("boundsPeriod"))
	t.count, _ = strconv.Atoi(repeat.Get("count").Text())
	if n, err := strconv.Atoi(repeat.Get("frequency").Text()); err == nil {
		t.often = n
	}
	weekdays := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	for day := range repeat.Each("dayOfWeek") {
		if i := slices.Index(weekdays, day.Text()); i >= 0 {
			t.days = append(t.days, time.Weekday(i))
		}
	}
	for at := range repeat.Each("timeOfDay") {
		if d, ok := clockTime(at.Text()); ok {
			t.clock = append(t.clock, d)
		}
	}
	t.unit = repeat.Get("periodUnit").Text()
	if t.unit == "" && (len(t.days) > 0 || len(t.clock) > 0) {
		t.period, t.unit = 1, "d"
		return t, nil
	}
	n, err := strconv.Atoi(repeat.Get("period").Text())
	if t.period = n; err != nil || n < 1 || n > 100_000 || !slices.Contains([]string{"s", "min", "h", "d", "wk", "mo", "a"}, t.unit) {
		return nil, errTimingUnit
	}
	if t.often < 1 || t.often > 1 && (t.unit == "mo" || t.unit == "a") {
		return nil, errTimingOften
	}
	return t, nil
}

// clockTime reads a time of the day, as the time since midnight.
func clockTime(text string) (time.Duration, bool) {
	at, err := time.Parse("15:04:05", text)
	if err != nil {
		at, err = time.Parse("15:04", text)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second, err == nil
}

// latest is the last time that the timetable names up to now, for somebody who goes by it since the anchor; zero = none. The first period
// ends, and is due, one period after the anchor; where the timetable has a beginning, at that.
func (t *timetable) latest(now, anchor time.Time, zone *time.Location) time.Time {
	var last time.Time
	take := func(at time.Time) {
		if !at.After(now) && at.After(last) && (t.from.IsZero() || !at.Before(t.from)) && (t.to.IsZero() || at.Before(t.to)) {
			last = at
		}
	}
	for _, at := range t.events {
		if at.After(anchor) {
			take(at)
		}
	}
	if t.unit == "" {
		return last
	}
	start := anchor
	if !t.from.IsZero() {
		start = t.from
	}
	if !t.to.IsZero() && now.After(t.to) {
		now = t.to.Add(-time.Nanosecond)
	}
	if len(t.days) > 0 || len(t.clock) > 0 {
		t.daily(now.In(zone), start.In(zone), func(at time.Time) {
			if at.After(anchor) {
				take(at)
			}
		})
		return last
	}
	at := t.regular(now, start.In(zone))
	if !t.from.IsZero() && at.IsZero() && !now.Before(t.from) {
		at = t.from
	}
	if at.After(anchor) || at.Equal(t.from) {
		take(at)
	}
	return last
}

// regular is the last of start + n periods up to now, n at least 1; zero where there is none.
func (t *timetable) regular(now, start time.Time) time.Time {
	var at time.Time
	switch t.unit {
	case "d", "wk", "mo", "a":
		if t.often == 1 {
			at := start
			step, _ := lengthOf(strconv.Itoa(t.period), t.unit)
			for n := 1; n < 200_000; n++ {
				next := duration{months: step.months * n, days: step.days * n}.after(start)
				if next.After(now) {
					break
				}
				at = next
			}
			if at.Equal(start) {
				return time.Time{}
			}
			return at
		}
	}
	length := map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "wk": 7 * 24 * time.Hour}[t.unit]
	length = length * time.Duration(t.period) / time.Duration(t.often)
	if n := now.Sub(start) / length; n >= 1 {
		at = start.Add(n * length)
	}
	return at
}

// daily offers the times of day on the days that the timetable names, of the last days that can matter.
func (t *timetable) daily(now, start time.Time, offer func(time.Time)) {
	clock := t.clock
	if len(clock) == 0 {
		clock = []time.Duration{0}
	}
	first := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for back := range 8 + 7*t.period {
		y, m, d := now.AddDate(0, 0, -back).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		since := int(day.Sub(first).Hours() / 24)
		if since < 0 {
			return
		}
		if len(t.days) > 0 && !slices.Contains(t.days, day.Weekday()) {
			continue
		}
		switch {
		case t.unit == "d" && since%t.period != 0:
			continue
		case t.unit == "wk" && len(t.days) == 0 && since%(7*t.period) != 0:
			continue
		case t.unit == "wk" && (since+int(first.Weekday()))/7%t.period != 0:
			continue
		}
		for _, at := range clock {
			offer(time.Date(y, m, d, int(at.Hours()), int(at.Minutes())%60, int(at.Seconds())%60, 0, now.Location()))
		}
	}
}

// zoneOf is the time zone that an element has an extension for; nil where there is none, or no such zone.
func zoneOf(e fhir.Element) *time.Location {
	for x := range e.Each("extension") {
		url := x.Get("url").Text()
		if url != "http://hl7.org/fhir/StructureDefinition/timezone" && url != "http://hl7.org/fhir/StructureDefinition/tz-code" {
			continue
		}
		name := strings.TrimSpace(x.Get("valueCode").Text() + x.Get("valueString").Text())
		if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return zone
		}
	}
	return nil
}

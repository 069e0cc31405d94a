package demo_test

import (
	"slices"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata"

	"andiron.dev/fhir"
)

// TestAvailability counts what can be booked in the fixture with a plain reading of the domain design, §7.3: the numbers of
// SCH-1 to SCH-4 and SCH-30.
func TestAvailability(t *testing.T) {
	h := open(t)
	busy := func(from, to string) []span { return []span{{at(from), at(to)}} }
	for _, c := range []struct {
		scenario, service string
		schedules         []string
		day               string
		busy              []span
		total             int
		first, last       string
	}{
		{"SCH-1", "hs-office", []string{"sch-lee"}, "2026-03-03", nil, 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-2 before the change", "hs-office", []string{"sch-lee"}, "2026-03-06", nil, 14, "2026-03-06T14:00:00Z", "2026-03-06T21:30:00Z"},
		{"SCH-2 after the change", "hs-office", []string{"sch-lee"}, "2026-03-09", nil, 14, "2026-03-09T13:00:00Z", "2026-03-09T20:30:00Z"},
		{"SCH-2 the short night", "hs-night", []string{"sch-night"}, "2026-03-08", nil, 6, "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z"},
		{"SCH-2 the long night", "hs-night", []string{"sch-night"}, "2026-11-01", nil, 10, "2026-11-01T04:00:00Z", "2026-11-01T08:30:00Z"},
		{"SCH-3 empty", "hs-kim", []string{"sch-kim"}, "2026-03-03", nil, 6, "2026-03-03T14:00:00Z", "2026-03-03T15:15:00Z"},
		{"SCH-3 after 09:30", "hs-kim", []string{"sch-kim"}, "2026-03-03", busy("2026-03-03T14:30:00Z", "2026-03-03T15:10:00Z"), 1, "2026-03-03T15:15:00Z", "2026-03-03T15:15:00Z"},
		{"SCH-4 with room-1", "hs-office", []string{"sch-lee", "sch-room1"}, "2026-03-03", busy("2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z"), 12, "2026-03-03T15:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-21 room-2 is free", "hs-office", []string{"sch-lee", "sch-room2"}, "2026-03-03", nil, 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-30", "hs-office", []string{"sch-lee"}, "2026-03-03", busy("2026-03-03T15:00:00Z", "2026-03-03T15:30:00Z"), 13, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z"},
		{"surgery", "hs-surgery", []string{"sch-chan", "sch-or1"}, "2026-03-03", nil, 15, "2026-03-03T13:30:00Z", "2026-03-03T20:30:00Z"},
		{"group", "hs-group", []string{"sch-group"}, "2026-03-03", nil, 2, "2026-03-03T15:00:00Z", "2026-03-03T16:00:00Z"},
		{"video", "hs-virtual", []string{"sch-joy"}, "2026-03-03", nil, 9, "2026-03-03T18:00:00Z", "2026-03-03T20:40:00Z"},
		{"follow-up", "hs-followup", []string{"sch-joy"}, "2026-03-03", nil, 6, "2026-03-03T18:00:00Z", "2026-03-03T20:30:00Z"},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			var found []time.Time
			for i, schedule := range c.schedules {
				offers := h.find(t, schedule, c.service, c.day, c.busy)
				if i == 0 {
					found = offers
				}
				found = slices.DeleteFunc(found, func(o time.Time) bool { return !slices.ContainsFunc(offers, o.Equal) })
			}
			if len(found) != c.total {
				t.Fatalf("%d offers, want %d: %v", len(found), c.total, found)
			}
			if first, last := found[0], found[len(found)-1]; !first.Equal(at(c.first)) || !last.Equal(at(c.last)) {
				t.Errorf("from %s to %s, want %s to %s", first.UTC(), last.UTC(), c.first, c.last)
			}
		})
	}
}

type span struct{ from, to time.Time }

func at(instant string) time.Time {
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		panic(err)
	}
	return t
}

// find gives the possible starts on a day of a schedule's own calendar.
func (h *hospital) find(t *testing.T, schedule, service, day string, busy []span) []time.Time {
	t.Helper()
	s, v := h.byRef["Schedule/"+schedule], h.byRef["HealthcareService/"+service]
	if !slices.Contains(visitTypes(s.Each("serviceType")), visitTypes(v.Each("type"))[0]) {
		t.Fatalf("%s is not for %s", schedule, service)
	}
	zone, err := time.LoadLocation(param(s, "timezone").Get("valueCode").Text())
	if err != nil {
		t.Fatal(err)
	}
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	minutes := func(name string) time.Duration {
		value := param(s, name).Get("valueDuration").Get("value")
		if !value.Exists() {
			value = param(v, name).Get("valueDuration").Get("value")
		}
		n, _ := strconv.Atoi(value.Text())
		return time.Duration(n) * time.Minute
	}
	var open []span
	for row := range param(s, "availability").Each("extension") {
		open = append(open, hours(row, date, zone)...)
	}
	var offers []time.Time
	for m := time.Duration(0); m < 24*time.Hour; m += minutes("alignmentInterval") {
		for _, start := range instants(date, m, zone) {
			from, to := start.Add(-minutes("bufferBefore")), start.Add(minutes("duration")+minutes("bufferAfter"))
			within := slices.ContainsFunc(open, func(o span) bool { return !from.Before(o.from) && !to.After(o.to) })
			taken := slices.ContainsFunc(busy, func(b span) bool { return from.Before(b.to) && b.from.Before(to) })
			if within && !taken {
				offers = append(offers, start)
			}
		}
	}
	return offers
}

// param is a part of the scheduling-parameters of a Schedule or HealthcareService.
func param(resource fhir.Element, name string) fhir.Element {
	for extension := range resource.Each("extension") {
		if extension.Get("url").Text() == ours+"scheduling-parameters" {
			for part := range extension.Each("extension") {
				if part.Get("url").Text() == name {
					return part
				}
			}
		}
	}
	return fhir.Element{}
}

func visitTypes(concepts func(func(fhir.Element) bool)) (codes []string) {
	for concept := range concepts {
		for coding := range concept.Each("coding") {
			codes = append(codes, coding.Get("code").Text())
		}
	}
	return codes
}

// hours are the opening hours that an availableTime gives on the date.
func hours(row fhir.Element, date time.Time, zone *time.Location) []span {
	var from, to time.Duration
	today := false
	for part := range row.Each("extension") {
		switch part.Get("url").Text() {
		case "daysOfWeek":
			today = today || part.Get("valueCode").Text() == []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[date.Weekday()]
		case "availableStartTime":
			from = clock(part.Get("valueTime").Text())
		case "availableEndTime":
			to = clock(part.Get("valueTime").Text())
		}
	}
	if !today {
		return nil
	}
	return []span{{instants(date, from, zone)[0], instants(date, to, zone)[0]}}
}

func clock(text string) time.Duration {
	t, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		panic(err)
	}
	return t.Sub(t.Truncate(24 * time.Hour))
}

// instants are the moments at which the zone's clocks show the time: none when they are put forward over it, two when they are
// put back.
func instants(date time.Time, clock time.Duration, zone *time.Location) []time.Time {
	naive := date.Add(clock)
	var list []time.Time
	for _, near := range []time.Time{naive.Add(-24 * time.Hour), naive.Add(24 * time.Hour)} {
		_, offset := near.In(zone).Zone()
		t := naive.Add(-time.Duration(offset) * time.Second)
		if t.In(zone).Format(time.DateTime) == naive.Format(time.DateTime) && !slices.ContainsFunc(list, t.Equal) {
			list = append(list, t)
		}
	}
	return list
}

package availability_test

import (
	"slices"
	"testing"
	"time"

	"andiron.dev/resources/scheduling/availability"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// weekdays are Monday to Friday.
const weekdays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday

func hours(days uint8, from, to float64) availability.Hours {
	return availability.Hours{Days: days, From: time.Duration(from * float64(time.Hour)), To: time.Duration(to * float64(time.Hour))}
}

// day is a calendar's day as a window.
func day(t testing.TB, z *time.Location, date string) availability.Span {
	t.Helper()
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	on := availability.DateOf(d, time.UTC)
	return availability.Span{Start: availability.Instant(on, 0, z), End: availability.Instant(on.Add(1), 0, z)}
}

func calendar(z *time.Location, minutes, interval, after int, rows ...availability.Hours) *availability.Calendar {
	return &availability.Calendar{Rules: availability.Rules{
		Zone: z, Duration: time.Duration(minutes) * time.Minute, Interval: time.Duration(interval) * time.Minute, After: time.Duration(after) * time.Minute, Capacity: 1, Hours: rows,
	}}
}

// TestGolden has the numbers of golden/slots.py.
func TestGolden(t *testing.T) {
	ny := zone(t, "America/New_York")
	now := at(t, "2026-03-02T13:00:00Z")
	lee := []availability.Hours{hours(weekdays, 9, 12), hours(weekdays, 13, 17)}
	kim := []availability.Hours{hours(weekdays, 9, 11)}
	night := []availability.Hours{hours(1<<time.Sunday, 0, 4)}
	for _, c := range []struct {
		name                     string
		minutes, interval, after int
		rows                     []availability.Hours
		date                     string
		from, to                 string // taken
		total                    int
		first, last              string
	}{
		{"SCH-1", 30, 30, 0, lee, "2026-03-03", "", "", 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-2 before", 30, 30, 0, lee, "2026-03-06", "", "", 14, "2026-03-06T14:00:00Z", "2026-03-06T21:30:00Z"},
		{"SCH-2 after", 30, 30, 0, lee, "2026-03-09", "", "", 14, "2026-03-09T13:00:00Z", "2026-03-09T20:30:00Z"},
		{"SCH-2 short", 30, 30, 0, night, "2026-03-08", "", "", 6, "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z"},
		{"SCH-2 long", 30, 30, 0, night, "2026-11-01", "", "", 10, "2026-11-01T04:00:00Z", "2026-11-01T08:30:00Z"},
		{"SCH-3", 30, 15, 10, kim, "2026-03-03", "", "", 6, "2026-03-03T14:00:00Z", "2026-03-03T15:15:00Z"},
		{"SCH-3 booked", 30, 15, 10, kim, "2026-03-03", "2026-03-03T14:30:00Z", "2026-03-03T15:10:00Z", 1, "2026-03-03T15:15:00Z", "2026-03-03T15:15:00Z"},
		{"SCH-4", 30, 30, 0, lee, "2026-03-03", "2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z", 12, "2026-03-03T15:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-30", 30, 30, 0, lee, "2026-03-03", "2026-03-03T15:00:00Z", "2026-03-03T15:30:00Z", 13, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z"},
		{"SCH-33", 30, 30, 0, lee, "2026-03-02", "", "", 13, "2026-03-02T14:30:00Z", "2026-03-02T21:30:00Z"}, // with the lead time below
	} {
		t.Run(c.name, func(t *testing.T) {
			k := calendar(ny, c.minutes, c.interval, c.after, c.rows...)
			k.Window = day(t, ny, c.date)
			if c.name == "SCH-33" {
				k.Least = 90 * time.Minute
			}
			if c.from != "" {
				k.Taken = []availability.Taken{{Span: availability.Span{Start: at(t, c.from), End: at(t, c.to)}}}
			}
			list := k.Starts(now)
			if len(list) != c.total {
				t.Fatalf("%d starts: %v", len(list), list)
			}
			if !list[0].Equal(at(t, c.first)) || !list[len(list)-1].Equal(at(t, c.last)) || !slices.IsSortedFunc(list, time.Time.Compare) {
				t.Errorf("from %v to %v", list[0].UTC(), list[len(list)-1].UTC())
			}
		})
	}
}

func TestInstants(t *testing.T) {
	for _, c := range []struct {
		zone, date string
		clock      time.Duration
		want       []string
		or         string // the first moment at or after
	}{
		{"America/New_York", "2026-03-08", 150 * time.Minute, nil, "2026-03-08T07:00:00Z"},
		{"America/New_York", "2026-11-01", 90 * time.Minute, []string{"2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"}, "2026-11-01T05:30:00Z"},
		{"Europe/Berlin", "2026-03-29", 150 * time.Minute, nil, "2026-03-29T01:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-05", 105 * time.Minute, []string{"2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"}, "2026-04-04T14:45:00Z"}, // by half an hour
		{"Pacific/Apia", "2011-12-30", 600 * time.Minute, nil, "2011-12-30T10:00:00Z"},                                                             // a day that was left out
		{"America/Sao_Paulo", "2018-11-04", 0, nil, "2018-11-04T03:00:00Z"},                                                                        // no midnight
		{"Asia/Kathmandu", "2026-06-01", 600 * time.Minute, []string{"2026-06-01T04:15:00Z"}, "2026-06-01T04:15:00Z"},
		{"Pacific/Kiritimati", "2026-06-01", 0, []string{"2026-05-31T10:00:00Z"}, "2026-05-31T10:00:00Z"},
		{"UTC", "2026-06-01", 0, []string{"2026-06-01T00:00:00Z"}, "2026-06-01T00:00:00Z"},
	} {
		z := zone(t, c.zone)
		d := availability.DateOf(at(t, c.date+"T00:00:00Z"), time.UTC)
		var got []string
		for _, i := range availability.Instants(d, c.clock, z) {
			got = append(got, i.UTC().Format(time.RFC3339))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %v: %v", c.zone, c.date, c.clock, got)
		}
		if i := availability.Instant(d, c.clock, z).UTC().Format(time.RFC3339); i != c.or {
			t.Errorf("%s %s %v: at %s, want %s", c.zone, c.date, c.clock, i, c.or)
		}
	}
}

func TestPeriodsOfLimits(t *testing.T) {
	ny := zone(t, "America/New_York")
	for _, c := range []struct {
		limit      availability.Limit
		at         string
		start, end string
	}{
		{availability.Limit{Unit: availability.Day, Count: 1}, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, // 23 hours
		{availability.Limit{Unit: availability.Week, Count: 1}, "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z"},
		{availability.Limit{Unit: availability.Month, Count: 1}, "2026-03-01T02:00:00Z", "2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z"},
		{availability.Limit{Unit: availability.Month, Count: 3}, "2026-03-15T12:00:00Z", "2026-01-01T05:00:00Z", "2026-04-01T04:00:00Z"},
		{availability.Limit{Unit: availability.Day, Count: 1}, "1969-12-31T12:00:00Z", "1969-12-31T05:00:00Z", "1970-01-01T05:00:00Z"},
		{availability.Limit{Unit: availability.Week, Count: 1}, "1969-12-28T12:00:00Z", "1969-12-22T05:00:00Z", "1969-12-29T05:00:00Z"},
	} {
		p := c.limit.Period(at(t, c.at), ny)
		if !p.Start.Equal(at(t, c.start)) || !p.End.Equal(at(t, c.end)) {
			t.Errorf("%+v at %s: %v to %v", c.limit, c.at, p.Start.UTC(), p.End.UTC())
		}
	}
}

func TestCheckSaysWhy(t *testing.T) {
	ny := zone(t, "America/New_York")
	now := at(t, "2026-03-03T15:10:00Z")
	k := calendar(ny, 30, 30, 0, hours(weekdays, 9, 17))
	k.Window = day(t, ny, "2026-03-03")
	k.Window.End = k.Window.End.AddDate(0, 0, 60)
	k.Least, k.Most = time.Hour, 30*24*time.Hour
	k.Horizon.End = at(t, "2026-03-20T04:00:00Z")
	k.Limits = []availability.Limit{{Most: 1, Count: 1, Unit: availability.Day}}
	k.Begun = []time.Time{at(t, "2026-03-05T15:00:00Z")}
	k.Taken = []availability.Taken{
		{Span: availability.Span{Start: at(t, "2026-03-04T15:00:00Z"), End: at(t, "2026-03-04T15:30:00Z")}, Booking: true, Ref: "Slot/booked"},
		{Span: availability.Span{Start: at(t, "2026-03-04T16:00:00Z"), End: at(t, "2026-03-04T16:30:00Z")}, Ref: "Slot/blocked"},
	}
	all := availability.Waived{Capacity: true, LeadTime: true, Limit: true}
	for _, c := range []struct {
		start   string
		minutes int
		waived  availability.Waived
		want    availability.Problem
	}{
		{"2026-03-04T14:00:00Z", 30, availability.Waived{}, availability.None},
		{"2026-03-04T14:00:00Z", 45, all, availability.WrongDuration},
		{"2026-03-04T14:10:00Z", 30, all, availability.NotAligned},
		{"2026-03-03T15:00:00Z", 30, all, availability.InThePast},
		{"2026-03-03T15:30:00Z", 30, availability.Waived{}, availability.OutsidePolicy},
		{"2026-03-03T15:30:00Z", 30, availability.Waived{LeadTime: true}, availability.None},
		{"2026-03-20T14:00:00Z", 30, all, availability.OutsidePolicy},
		{"2026-03-04T23:00:00Z", 30, all, availability.Shut},
		{"2026-03-04T15:00:00Z", 30, availability.Waived{}, availability.Busy},
		{"2026-03-04T15:00:00Z", 30, availability.Waived{Capacity: true}, availability.None},
		{"2026-03-04T16:00:00Z", 30, all, availability.Busy},
		{"2026-03-05T16:00:00Z", 30, availability.Waived{}, availability.Full},
		{"2026-03-05T16:00:00Z", 30, availability.Waived{Limit: true}, availability.None},
	} {
		start := at(t, c.start)
		got, taken := k.Check(start, start.Add(time.Duration(c.minutes)*time.Minute), now, c.waived)
		if got != c.want {
			t.Errorf("%s for %d minutes %+v: %d, want %d", c.start, c.minutes, c.waived, got, c.want)
		}
		if (got == availability.Busy) != (len(taken) == 1) {
			t.Errorf("%s: in the way are %v", c.start, taken)
		}
	}
	k.Ongoing, k.Least = true, 0
	start := at(t, "2026-03-03T15:00:00Z")
	if got, _ := k.Check(start, start.Add(30*time.Minute), now, availability.Waived{}); got != availability.None {
		t.Errorf("one that has begun: %d", got)
	}
	if got, _ := k.Check(start.Add(-time.Hour), start.Add(-30*time.Minute), now, availability.Waived{}); got != availability.InThePast {
		t.Errorf("one that is over: %d", got)
	}
}

func TestOvernightAndClosed(t *testing.T) {
	ny := zone(t, "America/New_York")
	k := calendar(ny, 60, 60, 0, hours(1<<time.Monday, 22, 2)) // Monday 22:00 to Tuesday 02:00
	k.Window = day(t, ny, "2026-03-03")
	if list := k.Starts(at(t, "2026-03-01T00:00:00Z")); len(list) != 2 || !list[0].Equal(at(t, "2026-03-03T05:00:00Z")) {
		t.Errorf("%v", list)
	}
	k = calendar(ny, 60, 60, 0, hours(0, 0, 24))
	k.Window = day(t, ny, "2026-03-03")
	k.Closed = []availability.Span{{Start: at(t, "2026-03-03T05:00:00Z"), End: at(t, "2026-03-04T03:00:00Z")}}
	k.Open = []availability.Span{{Start: at(t, "2026-03-03T12:00:00Z"), End: at(t, "2026-03-03T13:30:00Z")}}
	if list := k.Starts(at(t, "2026-03-01T00:00:00Z")); len(list) != 3 { // one in the Slot that is free, two in the evening
		t.Errorf("%v", list)
	}
}

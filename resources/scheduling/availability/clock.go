package availability

import "time"

// Date is a day of the calendar, whatever the zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day that the zone's calendars show at t.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// naive is midnight of the day as if the zone were UTC: arithmetic of wall clocks is done on such times.
func (d Date) naive() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// Add is the day n days later.
func (d Date) Add(n int) Date { return DateOf(d.naive().AddDate(0, 0, n), time.UTC) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.naive().Weekday() }

// before reports whether d is an earlier day.
func (d Date) before(other Date) bool { return d.naive().Before(other.naive()) }

// Instants are the moments at which the zone's clocks show a time of a day, given since its midnight: none where the clocks are put
// forward over it, two where they are put back. time.Date would silently give one in both cases.
func Instants(d Date, clock time.Duration, zone *time.Location) (list []time.Time) {
	naive := d.naive().Add(clock)
	periods(naive, zone, func(s Span, offset time.Duration) bool {
		t := naive.Add(-offset)
		if (s.Start.IsZero() || !t.Before(s.Start)) && (s.End.IsZero() || t.Before(s.End)) {
			list = append(list, t)
		}
		return true
	})
	return list
}

// Instant is the first moment at which the zone's clocks show the time, or, where they are put forward over it, the moment when they are.
func Instant(d Date, clock time.Duration, zone *time.Location) time.Time {
	if list := Instants(d, clock, zone); len(list) > 0 {
		return list[0]
	}
	naive := d.naive().Add(clock)
	at := naive
	periods(naive, zone, func(s Span, offset time.Duration) bool {
		at = s.Start
		return !s.Start.Add(offset).After(naive)
	})
	return at
}

// periods yields, in order, the times around a wall clock's in which the zone's offset stays the same. Offsets are less than 15 hours.
func periods(naive time.Time, zone *time.Location, yield func(s Span, offset time.Duration) bool) {
	const reach = 15 * time.Hour
	at := naive.Add(-reach)
	for {
		local := at.In(zone)
		_, offset := local.Zone()
		start, end := local.ZoneBounds()
		if !start.IsZero() {
			start = start.UTC()
		}
		if !end.IsZero() {
			end = end.UTC()
		}
		if !yield(Span{start, end}, time.Duration(offset)*time.Second) || end.IsZero() || end.After(naive.Add(reach)) {
			return
		}
		at = end
	}
}

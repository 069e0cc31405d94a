package availability

import "time"

// Hours are opening hours on certain days of the week, by the wall clock.
type Hours struct {
	Days uint8         // 1 << time.Weekday for each; 0 = every day
	From time.Duration // since midnight
	To   time.Duration // since midnight; From or less = on the next day
}

// On reports whether the hours are those of a day.
func (h Hours) On(d Date) bool { return h.Days == 0 || h.Days&(1<<d.Weekday()) != 0 }

// span is the time that they are on a day.
func (h Hours) span(d Date, zone *time.Location) Span {
	to := h.To
	if to <= h.From {
		to += 24 * time.Hour
	}
	return Span{moment(d, h.From, zone), moment(d, to, zone)}
}

// moment is Instant for times that may be on the next day.
func moment(d Date, clock time.Duration, zone *time.Location) time.Time {
	for clock >= 24*time.Hour {
		d, clock = d.Add(1), clock-24*time.Hour
	}
	return Instant(d, clock, zone)
}

// Unit is what a booking limit counts in.
type Unit uint8

// The units of booking limits.
const (
	Day Unit = iota
	Week
	Month
)

// Limit is how many bookings may begin in a period of the local calendar. Weeks begin on Monday; periods of several units are counted
// from the first of January 1970.
type Limit struct {
	Most  int
	Count int // units in a period
	Unit  Unit
}

// Period is the period that an instant is in.
func (l Limit) Period(t time.Time, zone *time.Location) Span {
	d, n := DateOf(t, zone), max(l.Count, 1)
	var first, next Date
	switch days := int(d.naive().Unix() / 86400); l.Unit {
	case Month:
		month := floor((d.Year-1970)*12+int(d.Month)-1, n)
		first, next = Date{1970, time.January, 1}.month(month), Date{1970, time.January, 1}.month(month+n)
	case Week: // the first Monday is the fifth day
		week := floor(floor(days-4, 7)/7, n)
		first, next = Date{1970, time.January, 5}.Add(week*7), Date{1970, time.January, 5}.Add((week+n)*7)
	default:
		day := floor(days, n)
		first, next = Date{1970, time.January, 1}.Add(day), Date{1970, time.January, 1}.Add(day+n)
	}
	return Span{Instant(first, 0, zone), Instant(next, 0, zone)}
}

func (d Date) month(n int) Date { return DateOf(d.naive().AddDate(0, n, 0), time.UTC) }

// floor is the multiple of n at or below v.
func floor(v, n int) int {
	m := v % n
	if m < 0 {
		m += n
	}
	return v - m
}

// Rules say what can be booked, and when at all.
type Rules struct {
	Zone          *time.Location
	Duration      time.Duration
	Interval      time.Duration // of starts, on the wall clock
	Offset        time.Duration // of the first one after midnight
	Before, After time.Duration // buffers, which must be free
	Capacity      int           // bookings at a time; less than 1 = 1
	Limits        []Limit
	Least, Most   time.Duration // from now to a start
	Ongoing       bool          // a start may be over already while the end is not
	Hours         []Hours
	Closed        []Span
}

// needs is the time that a booking from start takes, with its buffers.
func (r *Rules) needs(start time.Time) Span {
	return Span{start.Add(-r.Before), start.Add(r.Duration + r.After)}
}

// Aligned reports whether an instant is one that the wall clock grid of starts has.
func (r *Rules) Aligned(t time.Time) bool {
	h, m, s := t.In(r.Zone).Clock()
	clock := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	return t.Nanosecond() == 0 && (clock-r.Offset)%r.Interval == 0
}

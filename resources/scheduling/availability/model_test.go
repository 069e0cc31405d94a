package availability_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"andiron.dev/resources/scheduling/availability"
)

// model answers as slowly and plainly as can be: it looks at each minute of what a booking needs. It shares nothing with the code but its types.
type model struct {
	*availability.Calendar
	now time.Time
}

// clock is what the zone's clocks show, as minutes of the day, and the day of the week.
func (m model) clock(t time.Time) (minute int, weekday time.Weekday) {
	local := t.In(m.Zone)
	return local.Hour()*60 + local.Minute(), local.Weekday()
}

// open reports whether the minute that begins at t is open.
func (m model) open(t time.Time) bool {
	in := func(list []availability.Span) bool {
		return slices.ContainsFunc(list, func(s availability.Span) bool { return !t.Before(s.Start) && t.Before(s.End) })
	}
	minute, weekday := m.clock(t)
	hours := slices.ContainsFunc(m.Hours, func(h availability.Hours) bool {
		from, to := int(h.From/time.Minute), int(h.To/time.Minute)
		on := func(d time.Weekday) bool { return h.Days == 0 || h.Days&(1<<d) != 0 }
		if to > from {
			return on(weekday) && minute >= from && minute < to
		}
		return on(weekday) && minute >= from || on((weekday+6)%7) && minute < to
	})
	return hours && !in(m.Closed) || in(m.Calendar.Open)
}

func (m model) valid(t time.Time) bool {
	minute, _ := m.clock(t)
	if (minute-int(m.Offset/time.Minute))%int(m.Interval/time.Minute) != 0 {
		return false
	}
	from, to := t.Add(-m.Before), t.Add(m.Duration+m.After)
	if from.Before(m.now.Add(m.Least)) || m.Most > 0 && to.After(m.now.Add(m.Most)) || !m.Horizon.End.IsZero() && to.After(m.Horizon.End) {
		return false
	}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		if !m.open(at) {
			return false
		}
		count, most := 0, m.Capacity
		for _, x := range m.Taken {
			if !at.Before(x.Start) && at.Before(x.End) {
				count, most = count+1, min(most, max(x.Capacity, 1))
			}
		}
		if inside := !at.Before(t) && at.Before(t.Add(m.Duration)); inside && count >= max(most, 1) || !inside && count > 0 {
			return false
		}
	}
	for _, l := range m.Limits {
		n, local := 0, t.In(m.Zone).Format(time.DateOnly)
		for _, b := range m.Begun {
			if b.In(m.Zone).Format(time.DateOnly) == local {
				n++
			}
		}
		if n >= l.Most {
			return false
		}
	}
	return true
}

// random makes a calendar. Days on which the clocks are changed are among them; opening hours do not begin or end in the hour that is there twice or not at all,
// where the model and the wall clock differ by definition.
func random(r *rand.Rand, z *time.Location) (*availability.Calendar, time.Time) {
	first := []string{"2026-03-07", "2026-10-31", "2026-06-10", "2026-03-28", "2026-10-24"}[r.IntN(5)]
	d, _ := time.Parse(time.DateOnly, first)
	date := availability.DateOf(d, time.UTC)
	start := availability.Instant(date, 0, z)
	c := &availability.Calendar{Window: availability.Span{Start: start, End: availability.Instant(date.Add(2), 0, z)}}
	minutes := func(n int) time.Duration { return time.Duration(r.IntN(n)) * 5 * time.Minute }
	c.Rules = availability.Rules{
		Zone: z, Duration: 5*time.Minute + minutes(18), Interval: 5*time.Minute + minutes(12), Offset: minutes(4), Before: minutes(4), After: minutes(4), Capacity: 1 + r.IntN(3),
	}
	for range 1 + r.IntN(3) {
		hour := func() time.Duration {
			return time.Duration([]int{0, 4, 5, 6, 8, 9, 12, 13, 17, 20, 22}[r.IntN(11)]) * time.Hour
		}
		h := availability.Hours{Days: uint8(r.IntN(128)), From: hour(), To: hour()}
		c.Hours = append(c.Hours, h)
	}
	within := func(longest int) availability.Span {
		s := start.Add(time.Duration(r.IntN(52*12)) * 5 * time.Minute)
		return availability.Span{Start: s, End: s.Add(5*time.Minute + minutes(longest))}
	}
	for range r.IntN(12) {
		c.Taken = append(c.Taken, availability.Taken{Span: within(24), Capacity: r.IntN(4)})
	}
	for range r.IntN(3) {
		c.Closed, c.Open = append(c.Closed, within(60)), append(c.Open, within(60))
	}
	now := start.Add(time.Duration(r.IntN(30)-20) * time.Hour)
	c.Least, c.Most = time.Duration(r.IntN(6))*time.Hour, time.Duration(r.IntN(3))*30*time.Hour
	if r.IntN(3) == 0 {
		c.Horizon.End = start.Add(30 * time.Hour)
	}
	if r.IntN(3) == 0 {
		c.Limits = []availability.Limit{{Most: 1 + r.IntN(3), Count: 1}}
		for range r.IntN(5) {
			c.Begun = append(c.Begun, within(1).Start)
		}
	}
	return c, now
}

// compare holds a calendar to the model, at each minute of its window.
func compare(t *testing.T, c *availability.Calendar, now time.Time) {
	t.Helper()
	m := model{c, now}
	var want []time.Time
	for at := c.Window.Start; at.Before(c.Window.End); at = at.Add(time.Minute) {
		if m.valid(at) {
			want = append(want, at)
		}
	}
	got := c.Starts(now)
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		for _, at := range slices.Concat(got, want) {
			if slices.ContainsFunc(got, at.Equal) != slices.ContainsFunc(want, at.Equal) {
				problem, taken := c.Check(at, at.Add(c.Duration), now, availability.Waived{})
				t.Fatalf("%v: the model says %v, Check %d %v\n%+v\nnow %v, taken %+v, open %v", at, m.valid(at), problem, taken, c.Rules, now, c.Taken, c.Open)
			}
		}
	}
	for at := c.Window.Start; at.Before(c.Window.End); at = at.Add(5 * time.Minute) { // Check and Starts are of one mind
		problem, _ := c.Check(at, at.Add(c.Duration), now, availability.Waived{})
		if _, found := slices.BinarySearchFunc(got, at, time.Time.Compare); found != (problem == availability.None) {
			t.Fatalf("Check says %d of %v", problem, at)
		}
	}
}

func TestAgainstTheModel(t *testing.T) {
	var zones []*time.Location
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC", "Pacific/Auckland"} {
		zones = append(zones, zone(t, name))
	}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		c, now := random(r, zones[r.IntN(len(zones))])
		compare(t, c, now)
	}
}

func FuzzStarts(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		c, now := random(rand.New(rand.NewPCG(a, b)), zone(t, "America/New_York"))
		compare(t, c, now)
	})
}

// FuzzInstants: what the clocks show at each instant is what was asked for, and no instant at which they do is missed.
func FuzzInstants(f *testing.F) {
	f.Add(int32(20520), int32(90))
	f.Add(int32(20758), int32(90))
	f.Fuzz(func(t *testing.T, dayNumber, minute int32) {
		z := zone(t, "America/New_York")
		d := availability.DateOf(time.Unix(int64(dayNumber%40000)*86400, 0), time.UTC)
		clock := time.Duration((minute%1440+1440)%1440) * time.Minute
		list := availability.Instants(d, clock, z)
		if len(list) > 2 || !slices.IsSortedFunc(list, time.Time.Compare) {
			t.Fatalf("%v", list)
		}
		for _, i := range list {
			local := i.In(z)
			if availability.DateOf(i, z) != d || time.Duration(local.Hour()*60+local.Minute())*time.Minute != clock {
				t.Fatalf("%v %v: %v", d, clock, local)
			}
		}
		guess := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, z).Add(clock)
		for shift := -2 * time.Hour; shift <= 2*time.Hour; shift += time.Hour {
			i := guess.Add(shift)
			local := i.In(z)
			if availability.DateOf(i, z) == d && time.Duration(local.Hour()*60+local.Minute())*time.Minute == clock && local.Second() == 0 && !slices.ContainsFunc(list, i.Equal) {
				t.Fatalf("%v is missing", local)
			}
		}
	})
}

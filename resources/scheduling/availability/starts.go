package availability

import "time"

// Starts are the instants in the window at which a booking can begin, going by now, in order.
func (c *Calendar) Starts(now time.Time) (list []time.Time) {
	c.prepare()
	lead := c.lead(now, false)
	last := DateOf(c.Window.End, c.Zone)
	for d := DateOf(c.Window.Start, c.Zone); !last.before(d); d = d.Add(1) {
		day := Span{Instant(d, 0, c.Zone), Instant(d.Add(1), 0, c.Zone)}
		if !c.within(day) {
			continue
		}
		_, until := day.Start.In(c.Zone).ZoneBounds()
		even := until.IsZero() || !until.Before(day.End) // the clocks are left alone
		begin := len(list)
		for clock := c.Offset % c.Interval; clock < 24*time.Hour; clock += c.Interval {
			if even {
				if t := day.Start.Add(clock); c.free(t, lead) {
					list = append(list, t)
				}
				continue
			}
			for _, t := range Instants(d, clock, c.Zone) {
				if c.free(t, lead) {
					list = append(list, t)
				}
			}
		}
		order(list[begin:])
	}
	return list
}

// within reports whether anything is open in a span.
func (c *Calendar) within(s Span) bool {
	i := after(len(c.open), func(i int) bool { return c.open[i].End.After(s.Start) })
	return i < len(c.open) && c.open[i].Start.Before(s.End)
}

// free reports whether a booking can begin at t.
func (c *Calendar) free(t time.Time, lead Span) bool {
	if t.Before(c.Window.Start) || !t.Before(c.Window.End) {
		return false
	}
	needs := c.needs(t)
	return c.opens(needs) && inside(needs, lead) && c.room(t, t.Add(c.Duration), false, nil) && c.limited(t) == nil
}

// opens reports whether all of a span is open.
func (c *Calendar) opens(s Span) bool {
	i := after(len(c.open), func(i int) bool { return c.open[i].End.After(s.Start) })
	return i < len(c.open) && c.open[i].Contains(s)
}

func inside(s, bounds Span) bool {
	return (bounds.Start.IsZero() || !s.Start.Before(bounds.Start)) && (bounds.End.IsZero() || !s.End.After(bounds.End))
}

// room reports whether what is taken leaves room for a booking: buffers have to be free of everything, and at each instant of the booking
// there must be fewer others than it and each of them allows. Bookings do not count where they are waived. fn hears of what is in the way.
func (c *Calendar) room(start, end time.Time, waived bool, fn func(Taken)) bool {
	needs, core := Span{start.Add(-c.Before), end.Add(c.After)}, Span{start, end}
	ok := true
	var beside []Taken
	for i := after(len(c.Taken), func(i int) bool { return c.Taken[i].Start.Add(c.long).After(needs.Start) }); i < len(c.Taken) && c.Taken[i].Start.Before(needs.End); i++ {
		t := c.Taken[i]
		if !t.Overlaps(needs) || waived && t.Booking {
			continue
		}
		if c.Capacity > 1 && t.Capacity > 1 && !t.Overlaps(Span{needs.Start, start}) && !t.Overlaps(Span{end, needs.End}) {
			beside = append(beside, t)
			continue
		}
		if ok = false; fn == nil {
			return false
		}
		fn(t)
	}
	for _, at := range beside { // occupancy grows only where one of them begins
		when := at.Start
		if when.Before(core.Start) {
			when = core.Start
		}
		count, most := 0, c.Capacity
		for _, t := range beside {
			if !t.Start.After(when) && when.Before(t.End) {
				count, most = count+1, min(most, t.Capacity)
			}
		}
		if count >= most {
			if ok = false; fn == nil {
				return false
			}
			fn(at)
		}
	}
	return ok
}

// limited is the limit that leaves no room for a booking at t; nil = none.
func (c *Calendar) limited(t time.Time) *Limit {
	for i := range c.Limits {
		period, count := c.Limits[i].Period(t, c.Zone), 0
		for _, begun := range c.Begun {
			if !begun.Before(period.Start) && begun.Before(period.End) {
				count++
			}
		}
		if count >= c.Limits[i].Most {
			return &c.Limits[i]
		}
	}
	return nil
}

// after is the first index for which fn is true, of those in order: sort.Search without its package's generality.
func after(n int, fn func(int) bool) int {
	low := 0
	for low < n {
		if mid := (low + n) / 2; fn(mid) {
			n = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// order sorts instants; they are in order but for the hour in which clocks are put back.
func order(list []time.Time) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].Before(list[j-1]); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// Snug reports whether a booking from start leaves no gap before or after it: something taken or the edge of opening hours is there.
func (c *Calendar) Snug(start time.Time) bool {
	c.prepare()
	needs := c.needs(start)
	i := after(len(c.open), func(i int) bool { return c.open[i].End.After(needs.Start) })
	if i < len(c.open) && (c.open[i].Start.Equal(needs.Start) || c.open[i].End.Equal(needs.End)) {
		return true
	}
	for i := after(len(c.Taken), func(i int) bool { return !c.Taken[i].Start.Add(c.long).Before(needs.Start) }); i < len(c.Taken) && !c.Taken[i].Start.After(needs.End); i++ {
		if c.Taken[i].End.Equal(needs.Start) || c.Taken[i].Start.Equal(needs.End) {
			return true
		}
	}
	return false
}

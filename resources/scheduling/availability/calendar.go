package availability

import (
	"slices"
	"time"
)

// Taken is time that is not free.
type Taken struct {
	Span
	Capacity int    // bookings at a time that it allows, itself included; less than 2 = it is alone
	Booking  bool   // a booking, which an override may add to; otherwise time that is blocked
	Ref      string // what takes it
}

// Calendar is what is open and taken of something that can be booked, within a window.
type Calendar struct {
	Rules
	Window  Span        // what of the calendar has been gathered: starts are within it
	Open    []Span      // open beside the Hours
	Horizon Span        // of planning; zero = no bound
	Taken   []Taken     // whatever may overlap the window, buffers included
	Begun   []time.Time // starts of the bookings that count for the Limits, over whole periods

	open  []Span        // worked out
	long  time.Duration // the longest of what is taken
	ready bool
}

// prepare works out what is open, before lead times: those depend on now.
func (c *Calendar) prepare() {
	if c.ready {
		return
	}
	c.ready = true
	slices.SortFunc(c.Taken, func(a, b Taken) int { return a.Start.Compare(b.Start) })
	for _, t := range c.Taken {
		c.long = max(c.long, t.End.Sub(t.Start))
	}
	reach := Span{c.Window.Start.Add(-c.Before), c.Window.End.Add(c.Duration + c.After)}
	var hours []Span
	last := DateOf(reach.End, c.Zone)
	for d := DateOf(reach.Start, c.Zone).Add(-1); !last.before(d); d = d.Add(1) {
		for _, h := range c.Hours {
			if h.On(d) {
				hours = append(hours, h.span(d, c.Zone))
			}
		}
	}
	open := append(Without(hours, c.Closed), c.Open...)
	for i := range open {
		open[i] = open[i].Clip(c.Horizon)
	}
	c.open = Union(open)
}

// lead is when a booking may be, going by now.
func (c *Calendar) lead(now time.Time, waived bool) Span {
	if waived {
		if c.Ongoing {
			return Span{}
		}
		return Span{Start: now}
	}
	s := Span{Start: now.Add(c.Least)}
	if c.Ongoing && c.Least == 0 {
		s.Start = now.Add(-c.Duration)
	}
	if c.Most > 0 {
		s.End = now.Add(c.Most)
	}
	return s
}

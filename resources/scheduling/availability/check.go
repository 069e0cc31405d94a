package availability

import "time"

// Problem is why something cannot be booked.
type Problem uint8

// The problems, in the order in which they are looked for.
const (
	None          Problem = iota
	WrongDuration         // it is not as long as bookings are
	NotAligned            // it does not begin on the grid
	InThePast             // it has begun
	OutsidePolicy         // too soon, too late, or beyond the planning horizon
	Shut                  // it is not open
	Busy                  // it is taken
	Full                  // a booking limit is reached
)

// Waived are the rules that somebody has overridden.
type Waived struct{ Capacity, LeadTime, Limit bool }

// Check says whether a booking from start to end can be made, going by now; where the problem is Busy, also what is in the way. A booking
// that has to be tried outside the Window is refused as Shut.
func (c *Calendar) Check(start, end, now time.Time, waived Waived) (Problem, []Taken) {
	c.prepare()
	needs := c.needs(start)
	switch lead := c.lead(now, waived.LeadTime); {
	case end.Sub(start) != c.Duration:
		return WrongDuration, nil
	case !c.Aligned(start):
		return NotAligned, nil
	case !c.Ongoing && start.Before(now), c.Ongoing && !now.Before(end):
		return InThePast, nil
	case !inside(needs, lead), !inside(needs, c.Horizon):
		return OutsidePolicy, nil
	case start.Before(c.Window.Start) || !start.Before(c.Window.End) || !c.opens(needs):
		return Shut, nil
	}
	var blocking []Taken
	if !c.room(start, end, waived.Capacity, func(t Taken) { blocking = append(blocking, t) }) {
		return Busy, blocking
	}
	if !waived.Limit && c.limited(start) != nil {
		return Full, nil
	}
	return None, nil
}

// Opening is the time within a span that is open, whatever is taken of it.
func (c *Calendar) Opening(s Span) (list []Span) {
	c.prepare()
	for _, o := range c.open {
		if o = o.Clip(s); !o.Empty() {
			list = append(list, o)
		}
	}
	return list
}

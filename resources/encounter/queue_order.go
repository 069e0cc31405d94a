package encounter

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// punctuality is how early or late somebody may be and still keep the place that the appointment gives.
const punctuality = 10 * time.Minute

// waiter is somebody in a queue.
type waiter struct {
	encounter *fhir.Resource
	urgency   int       // 0 comes first
	booked    time.Time // of an appointment that was kept; zero = there was none
	token     int
	since     time.Time
}

// waiterOf reads a visit, and the appointment that it may have.
func waiterOf(e, appointment *fhir.Resource) waiter {
	w := waiter{encounter: e, urgency: urgency(e.Root().Get("priority")), token: 1 << 30}
	w.since, _ = when(e.Root().Get("period").Get("start"))
	if n, err := strconv.Atoi(extension(e.Root(), "queue-token").Get("valuePositiveInt").Text()); err == nil {
		w.token = n
	}
	if appointment == nil {
		return w
	}
	root := appointment.Root()
	start, ok := when(root.Get("start"))
	if late := w.since.Sub(start); ok && late >= -punctuality && late <= punctuality && !hasCode(root.Get("appointmentType"), "WALKIN") {
		w.booked = start
	}
	return w
}

// urgency ranks a priority of v3-ActPriority: emergency, urgent, and all others.
func urgency(priority fhir.Element) int {
	rank := 2
	for coding := range priority.Each("coding") {
		switch coding.Get("code").Text() {
		case "EM", "S", "A":
			rank = min(rank, 0)
		case "UR", "RR":
			rank = min(rank, 1)
		}
	}
	return rank
}

// queued sorts who waits: by urgency, then those who have kept their appointments by these, then by token. Tokens of several places count from
// one in each: then it goes by who came first.
func queued(list []waiter, tokens bool) {
	slices.SortStableFunc(list, func(a, b waiter) int {
		if c := cmp.Compare(a.urgency, b.urgency); c != 0 {
			return c
		}
		if a.booked.IsZero() != b.booked.IsZero() {
			if a.booked.IsZero() {
				return 1
			}
			return -1
		}
		drawn := cmp.Compare(a.token, b.token)
		if !tokens {
			drawn = 0
		}
		return cmp.Or(a.booked.Compare(b.booked), drawn, a.since.Compare(b.since), cmp.Compare(a.encounter.ID(), b.encounter.ID()))
	})
}

// middle is the median of some durations; of an even number the mean of the two in the middle.
func middle(list []time.Duration) time.Duration {
	slices.Sort(list)
	n := len(list)
	if n == 0 {
		return 0
	}
	return (list[(n-1)/2] + list[n/2]) / 2
}

// served is how long a visit has been under way: while it was in progress, as its history has it, or else as long as it was.
func served(e *fhir.Resource) (time.Duration, bool) {
	var sum time.Duration
	for h := range e.Root().Each("statusHistory") {
		start, begun := when(h.Get("period").Get("start"))
		end, over := when(h.Get("period").Get("end"))
		if h.Get("status").Text() == inProgress && begun && over {
			sum += end.Sub(start)
		}
	}
	if sum > 0 {
		return sum, true
	}
	start, begun := when(e.Root().Get("period").Get("start"))
	end, over := when(e.Root().Get("period").Get("end"))
	return end.Sub(start), begun && over && end.After(start)
}

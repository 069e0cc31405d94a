package scheduling

import (
	"slices"
	"time"

	"andiron.dev/fhir"
)

// The statuses of an Appointment that rules go by.
const (
	proposed  = "proposed"
	pending   = "pending"
	booked    = "booked"
	arrived   = "arrived"
	checkedIn = "checked-in"
	fulfilled = "fulfilled"
	cancelled = "cancelled"
	noShow    = "noshow"
	mistaken  = "entered-in-error"
	waiting   = "waitlist"
)

// appointment is an Appointment as the rules see it.
type appointment struct {
	r          *fhir.Resource
	root       fhir.Element
	status     string
	start, end time.Time
	actors     []string // references to who takes part, patients aside, in their order
	patients   []string // references
	slots      []string // references as they are written
	expires    time.Time
}

// appointmentOf reads an Appointment; nil for nil.
func appointmentOf(r *fhir.Resource) *appointment {
	if r == nil {
		return nil
	}
	a := readAppointment(r.Root())
	a.r = r
	return a
}

// readAppointment reads an Appointment that may not be stored.
func readAppointment(root fhir.Element) *appointment {
	a := &appointment{
		root: root, status: root.Get("status").Text(), start: moment(root.Get("start")), end: moment(root.Get("end")),
		expires: moment(extension(root, ours+"hold-expires").Get("valueInstant")),
	}
	for p := range root.Each("participant") {
		text := p.Get("actor").Get("reference").Text()
		ref := fhir.ParseReference(text)
		if ref.ID == "" {
			continue
		}
		if text = ref.Relative(); ref.Type == "Patient" {
			a.patients = append(a.patients, text)
		} else {
			a.actors = append(a.actors, text)
		}
	}
	for s := range root.Each("slot") {
		a.slots = append(a.slots, s.Get("reference").Text())
	}
	return a
}

// blocks reports whether a status takes time, an expired hold aside.
func blocks(status string) bool {
	return status == pending || status == booked || status == arrived || status == checkedIn
}

// blocking reports whether it takes time.
func (a *appointment) blocking() bool { return a != nil && blocks(a.status) }

// over reports whether it is a hold that has expired.
func (a *appointment) over(now time.Time) bool {
	return a.status == pending && !a.expires.IsZero() && !now.Before(a.expires)
}

// occupies reports whether it takes time now.
func (a *appointment) occupies(now time.Time) bool { return a.blocking() && !a.over(now) }

// alike reports whether it takes the same time of the same participants.
func (a *appointment) alike(other *appointment) bool {
	return a.start.Equal(other.start) && a.end.Equal(other.end) && sameSet(a.actors, other.actors) && sameSet(a.patients, other.patients) &&
		(len(a.slots) == 0 || sameSet(a.slots, other.slots))
}

func sameSet(a, b []string) bool {
	x, y := slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(x, y)
}

// id is that of the resource; "" where it is not stored.
func (a *appointment) id() string {
	if a == nil || a.r == nil {
		return ""
	}
	return a.r.ID()
}

// days are the days in UTC that a time touches.
func days(start, end time.Time) (list []string) {
	last := end.UTC()
	if end.After(start) {
		last = last.Add(-time.Nanosecond)
	}
	for d := start.UTC().Truncate(24 * time.Hour); !d.After(last); d = d.Add(24 * time.Hour) {
		if list = append(list, d.Format(time.DateOnly)); len(list) > maxDays {
			break
		}
	}
	return list
}

// maxDays bounds the guards of one change: what is longer is refused.
const maxDays = 400

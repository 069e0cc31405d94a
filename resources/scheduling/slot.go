package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// slot is a Slot as the rules see it.
type slot struct {
	r          *fhir.Resource
	schedule   string // id
	status     string
	start, end time.Time
	expires    time.Time // of a hold
}

// slotOf reads a Slot; nil for nil.
func slotOf(r *fhir.Resource) *slot {
	if r == nil {
		return nil
	}
	root := r.Root()
	return &slot{
		r: r, schedule: scheduleID(root.Get("schedule").Get("reference").Text()), status: root.Get("status").Text(),
		start: moment(root.Get("start")), end: moment(root.Get("end")), expires: moment(extension(root, ours+"hold-expires").Get("valueInstant")),
	}
}

// scheduleID is the id in a reference to a Schedule; "" for anything else.
func scheduleID(text string) string {
	if ref := fhir.ParseReference(text); ref.Type == "Schedule" {
		return ref.ID
	}
	return ""
}

// booking reports whether it is somebody's time, and not an absence.
func (s *slot) booking() bool { return s.status == "busy" || s.status == "busy-tentative" }

// takes reports whether it takes time now: holds that have expired do not.
func (s *slot) takes(now time.Time) bool {
	return (s.booking() || s.status == "busy-unavailable") && (s.expires.IsZero() || now.Before(s.expires))
}

// overlaps reports whether it is within a time.
func (s *slot) overlaps(start, end time.Time) bool { return s.start.Before(end) && start.Before(s.end) }

// same reports whether it takes the same time in the same calendar.
func (s *slot) same(other *slot) bool {
	return s.schedule == other.schedule && s.status == other.status && s.start.Equal(other.start) && s.end.Equal(other.end)
}

// The buffers of a booking are Slots of their own. Their ids are made of that of its Slot, so that they are found with it.
const (
	bufferBefore = "-before"
	bufferAfter  = "-after"
)

// owner is the Appointment that a Slot has been written for: the one that it names, or that names it; nil for a Slot that is nobody's.
func (m *Module) owner(ctx context.Context, tx fhir.Reader, s *slot) (*appointment, error) {
	if ref := fhir.ParseReference(extension(s.r.Root(), slotAppointment).Get("valueReference").Get("reference").Text()); ref.Type == "Appointment" {
		r, err := m.read(ctx, tx, ref.Type, ref.ID)
		if err != nil || r != nil {
			return appointmentOf(r), err
		}
	}
	found, err := m.found(ctx, tx, "Appointment", 1, fhir.Param{Name: "slot", Value: "Slot/" + s.r.ID()},
		fhir.Param{Name: "status:not", Value: cancelled}, fhir.Param{Name: "status:not", Value: mistaken})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return appointmentOf(found[0]), nil
}

// longest is how long a booking may be; absences may be as long as maxDays.
const longest = 48 * time.Hour

// slotsOf are the Slots of a calendar that take time within a span, free ones not among them.
func (m *Module) slotsOf(ctx context.Context, tx fhir.Reader, schedule string, start, end time.Time) (list []*slot, err error) {
	now := m.config.Now()
	for status, long := range map[string]time.Duration{"busy,busy-tentative": longest, "busy-unavailable": maxDays * 24 * time.Hour} {
		found, err := m.found(ctx, tx, "Slot", 0, fhir.Param{Name: "schedule", Value: "Schedule/" + schedule}, fhir.Param{Name: "status", Value: status},
			fhir.Param{Name: "start", Value: "lt" + instant(end)}, fhir.Param{Name: "start", Value: "ge" + instant(start.Add(-long))})
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if s := slotOf(r); s.takes(now) && s.overlaps(start, end) {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

package scheduling

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"andiron.dev/fhir"
)

// digest makes a name of what must not be seen, such as who a patient is.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// scheduleGuards are the guards of a time in a calendar (domain.md §3.5).
func scheduleGuards(schedule string, start, end time.Time) (list []string) {
	for _, day := range days(start, end) {
		list = append(list, "sched:"+schedule+":"+day)
	}
	return list
}

// patientGuards are the guards of a patient's time.
func patientGuards(patient string, start, end time.Time) (list []string) {
	for _, day := range days(start, end) {
		list = append(list, "pat-day:"+digest(patient)+":"+day)
	}
	return list
}

// appointmentGuards are those of the patients and of who else takes part. The calendars that an Appointment is entered in show when it is looked at: the Slots that are written
// for it have their guards.
func (m *Module) appointmentGuards(before, after *fhir.Resource) (guards []string, err error) {
	for _, a := range []*appointment{appointmentOf(before), appointmentOf(after)} {
		switch {
		case a == nil:
		case a.status == waiting:
			for _, p := range a.patients {
				guards = append(guards, "pat-day:"+digest(p)+":waitlist")
			}
		case a.blocking() && !a.start.IsZero() && a.end.After(a.start):
			for _, p := range a.patients {
				guards = append(guards, patientGuards(p, a.start, a.end)...)
			}
			for _, actor := range a.actors {
				guards = append(guards, scheduleGuards(actor, a.start, a.end)...)
			}
		}
	}
	return guards, nil
}

// slotGuards are those of the calendar.
func (m *Module) slotGuards(before, after *fhir.Resource) (guards []string, err error) {
	for _, r := range []*fhir.Resource{before, after} {
		if s := slotOf(r); s != nil && s.schedule != "" {
			guards = append(guards, scheduleGuards(s.schedule, s.start, s.end)...)
		}
	}
	return guards, nil
}

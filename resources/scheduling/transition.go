package scheduling

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// next lists where an Appointment may go from a status (domain.md §7.2). server says that the server itself writes, which knows what
// has happened to the visit.
func next(status string, server bool) []string {
	switch status {
	case proposed:
		return []string{pending, booked, waiting, cancelled, mistaken}
	case pending:
		if server { // an offer to somebody who waits that was not taken
			return []string{booked, waiting, cancelled, mistaken}
		}
		return []string{booked, cancelled, mistaken}
	case waiting:
		return []string{pending, booked, cancelled, mistaken}
	case booked:
		if server {
			return []string{arrived, checkedIn, fulfilled, cancelled, noShow, mistaken}
		}
		return []string{arrived, checkedIn, cancelled, noShow, mistaken}
	case arrived:
		if server {
			return []string{checkedIn, fulfilled}
		}
		return []string{checkedIn}
	case checkedIn:
		return []string{fulfilled}
	case noShow:
		return []string{arrived}
	}
	return nil
}

// transition refuses a change of status that there is not. What comes here with its history may have any status. Errors: BusinessRule
// with the detail illegal-transition, hold-expired (Conflict), too-early.
func (m *Module) transition(ctx context.Context, tx fhir.Tx, before, after *appointment) error {
	if before == nil || before.status == after.status {
		return nil
	}
	now := m.config.Now()
	if before.over(now) && (after.status == booked || after.status == pending) {
		return refuse(fhir.Conflict, "hold-expired", "the hold has expired: hold or book a time again", "Appointment.status")
	}
	server := false
	if who := smart.From(ctx); who != nil {
		server = who.IsServer()
	}
	if !slices.Contains(next(before.status, server || trusted(ctx)), after.status) {
		return refuse(fhir.BusinessRule, "illegal-transition", "an Appointment cannot go from "+before.status+" to "+after.status, "Appointment.status")
	}
	switch {
	case after.status == noShow:
		grace, err := m.grace(ctx, tx, after)
		if err == nil && now.Before(after.start.Add(grace)) {
			err = refuse(fhir.BusinessRule, "too-early", "it is too early to say that somebody did not come: that can be said when the grace period after the start is over", "Appointment.status")
		}
		return err
	case before.status == noShow && !sameDay(before.start, now, m.calendarZone(ctx, tx, before)):
		return refuse(fhir.BusinessRule, "illegal-transition", "who did not come can arrive on the same day only", "Appointment.status")
	}
	return nil
}

// sameDay reports whether two instants are on one day of a zone.
func sameDay(a, b time.Time, zone *time.Location) bool {
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

// graceTime is how long after the start somebody is waited for where the service does not say (extension no-show-grace).
const graceTime = 20 * time.Minute

// grace is how long after its start somebody is waited for.
func (m *Module) grace(ctx context.Context, tx fhir.Tx, a *appointment) (time.Duration, error) {
	services, err := m.services(ctx, tx, a.root)
	if err != nil || len(services) == 0 {
		return graceTime, err
	}
	if d, ok := lengthOf(extension(services[0].Root(), ours+"no-show-grace").Get("valueDuration"), false); ok && d > 0 {
		return d, nil
	}
	return graceTime, nil
}

// calendarZone is the time zone of an Appointment's calendar; UTC where there is none.
func (m *Module) calendarZone(ctx context.Context, tx fhir.Tx, a *appointment) *time.Location {
	claims, err := m.claims(ctx, tx, a, &intent{})
	if err != nil || len(claims) == 0 {
		return time.UTC
	}
	plan, err := m.agenda(ctx, tx, claims[0].schedule, claims[0].service, span{a.start, a.end}, "")
	if err != nil {
		return time.UTC
	}
	return plan.parameters().Zone
}

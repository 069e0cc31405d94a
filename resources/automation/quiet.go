package automation

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// quietHours is the extension by which a PlanDefinition, or one of its actions, names hours in which nobody is to be disturbed: parts start and
// end (valueTime), timezone (valueCode) where nothing says where the patient is, and notice (valueDuration): a timer that would come later than
// so long before the start of what it is about is not carried out at all.
const quietHours = fhir.CanonicalBase + "/StructureDefinition/quiet-hours"

// quietUntil is the end of the quiet hours in which a time is, for a timer; zero where it is in none.
func (m *Module) quietUntil(ctx context.Context, tx fhir.Tx, task *fhir.Resource, record *timerRecord, at time.Time) (time.Time, error) {
	q := m.quietOf(record)
	if !q.Exists() {
		return time.Time{}, nil
	}
	from, ok := clockTime(part(q, "start").Get("valueTime").Text())
	to, ok2 := clockTime(part(q, "end").Get("valueTime").Text())
	if !ok || !ok2 || from == to {
		return time.Time{}, nil
	}
	zone, err := m.zone(ctx, tx, task, part(q, "timezone").Get("valueCode").Text())
	if err != nil || zone == nil {
		return time.Time{}, err
	}
	return quietEnd(at.In(zone), from, to), nil
}

// quietEnd is when the quiet hours end in which a time is, in its own zone; zero where it is in none. The hours are those that the clocks
// on the wall show: 08:00 stays 08:00 when they are changed.
func quietEnd(now time.Time, from, to time.Duration) time.Time {
	y, mo, d := now.Date()
	at := func(day int, clock time.Duration) time.Time {
		return time.Date(y, mo, d+day, int(clock.Hours()), int(clock.Minutes())%60, int(clock.Seconds())%60, 0, now.Location())
	}
	for day := -1; day <= 0; day++ {
		start, end := at(day, from), at(day, to)
		if from > to {
			end = at(day+1, to)
		}
		if !now.Before(start) && now.Before(end) {
			return end
		}
	}
	return time.Time{}
}

// quietOf is the extension that holds for a timer: that of its action, or of its rule.
func (m *Module) quietOf(record *timerRecord) fhir.Element {
	r := m.state.rules[record.Rule]
	if r == nil {
		return fhir.Element{}
	}
	if a := r.find(record.Action); a != nil {
		if q := extension(a.Element, quietHours); q.Exists() {
			return q
		}
	}
	return extension(r.resource.Root(), quietHours)
}

// extension is the first extension of an element with a URL.
func extension(e fhir.Element, url string) fhir.Element {
	for x := range e.Each("extension") {
		if x.Get("url").Text() == url {
			return x
		}
	}
	return fhir.Element{}
}

// part is a part of a complex extension.
func part(e fhir.Element, name string) fhir.Element { return extension(e, name) }

// tooLate reports whether a timer that is moved would come too late for what it is about.
func (m *Module) tooLate(task *fhir.Resource, record *timerRecord, later time.Time) bool {
	start, ok := inputTime(task, "start")
	if !ok {
		return false
	}
	notice := duration{exact: 30 * time.Minute}
	if d, ok := readDuration(part(m.quietOf(record), "notice").Get("valueDuration")); ok {
		notice = d
	}
	return later.After(notice.back(start))
}

// inputTime is a time among the inputs of a Task.
func inputTime(task *fhir.Resource, name string) (time.Time, bool) {
	at, ok := fhir.ParseTemporal(input(task, name).Get("valueDateTime").Text(), time.UTC)
	return at.Low, ok
}

// input is an input of a Task, by the code of its type.
func input(task *fhir.Resource, name string) fhir.Element {
	for in := range task.Root().Each("input") {
		if hasCode(in.Get("type"), name) {
			return in
		}
	}
	return fhir.Element{}
}

// zone finds where the person is that a Task is for: the time zone of the patient or of the patient's address, of the place of the appointment,
// of an organization that either belongs to, or the one given. Otherwise the offset in which the appointment was written counts,
// unless that is UTC, in which machines write. nil = there is no telling.
func (m *Module) zone(ctx context.Context, tx fhir.Tx, task *fhir.Resource, otherwise string) (*time.Location, error) {
	refs := []string{task.Root().Get("for").Get("reference").Text()}
	focus, err := m.resolve(ctx, tx, task.Root().Get("focus").Get("reference").Text())
	if err != nil {
		return nil, err
	}
	if focus != nil {
		if zone := zoneOf(focus.Root()); zone != nil {
			return zone, nil
		}
		for p := range focus.Root().Each("participant") {
			refs = append(refs, p.Get("actor").Get("reference").Text())
		}
	}
	var organizations []string
	for _, ref := range refs {
		switch fhir.ParseReference(ref).Type {
		case "Patient", "Location", "Organization", "PractitionerRole", "HealthcareService":
		default:
			continue
		}
		r, err := m.resolve(ctx, tx, ref)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if zone := placeZone(r.Root()); zone != nil {
			return zone, nil
		}
		organizations = append(organizations, r.Root().Get("managingOrganization").Get("reference").Text())
	}
	for _, ref := range organizations {
		r, err := m.resolve(ctx, tx, ref)
		if err != nil {
			return nil, err
		}
		if r != nil {
			if zone := placeZone(r.Root()); zone != nil {
				return zone, nil
			}
		}
	}
	if zone, err := time.LoadLocation(otherwise); otherwise != "" && err == nil {
		return zone, nil
	}
	if focus != nil {
		return offsetOf(focus.Root().Get("start").Text()), nil
	}
	return nil, nil
}

// placeZone is the time zone that a resource or one of its addresses has.
func placeZone(root fhir.Element) *time.Location {
	if zone := zoneOf(root); zone != nil {
		return zone
	}
	for address := range root.Each("address") {
		if zone := zoneOf(address); zone != nil {
			return zone
		}
	}
	return nil
}

// offsetOf is the offset of an instant as a time zone; nil for UTC.
func offsetOf(text string) *time.Location {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || strings.HasSuffix(text, "Z") {
		return nil
	}
	if _, offset := at.Zone(); offset == 0 {
		return nil
	}
	return at.Location()
}

package encounter

import (
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// locations keep where the patient has been: what is left has an end, what is come to a beginning, and where the
// patient was before is not forgotten.
func (d *draft) locations() error {
	was, is := d.m.held(d.was), d.m.places(d.is)
	items, _ := fhir.Tree(d.is.root.Get("location")).([]any)
	entries := make([]object, len(items))
	for i := range items {
		if entries[i], _ = items[i].(object); entries[i] == nil {
			return nil // the gate has let pass what is no object: nothing to keep
		}
	}
	if err := several(is, entries); err != nil {
		return err
	}
	moved := d.moment()
	fresh := false // there is a place to which the patient has come
	for _, p := range is {
		if i := slices.IndexFunc(was, func(q place) bool { return q.id == p.id && q.status == "active" }); i >= 0 {
			if p.start.IsZero() && !was[i].start.IsZero() {
				spanned(entries[p.at], "start", was[i].start)
				d.edit()
			}
			continue
		}
		if p.status != "active" || !open(d.is.status) {
			continue
		}
		fresh = true
		if p.start.IsZero() {
			p.start = d.now
			if d.was.Resource == nil && !d.is.start.IsZero() && d.is.start.Before(d.now) {
				p.start = d.is.start
			}
			for _, q := range was { // others may know of less than a second
				if q.status == "active" && !q.start.After(d.m.config.Now()) {
					p.start = latest(p.start, q.start)
				}
			}
			entries[p.at] = spanned(entries[p.at], "start", p.start)
			d.edit()
		}
		if p.start.After(d.m.config.Now()) {
			return refused(fhir.Conflict, periodOverlap, "the patient cannot be somewhere from a time that is to come: reserve the place", d.at(p.at))
		}
		for _, q := range was {
			if q.status == "active" && p.start.Before(q.start) {
				return refused(fhir.Conflict, periodOverlap, "the patient came later than this to where they are now", d.at(p.at))
			}
		}
		moved = p.start
	}
	var lost []any
	for _, q := range was {
		if q.status != "active" {
			continue
		}
		i := slices.IndexFunc(is, func(p place) bool { return p.id == q.id && (p.start.IsZero() || p.start.Equal(q.start)) })
		switch {
		case i < 0: // whoever writes the next place need not repeat the last
			entry, _ := fhir.Tree(d.was.root.Get("location")).([]any)[q.at].(object)
			lost = append(lost, ended(entry, moved))
			d.edit()
		case is[i].status == "completed" && is[i].end.IsZero():
			entries[i] = ended(entries[i], moved)
			d.edit()
		case is[i].status == "completed" && fresh && moved.Before(is[i].end):
			return refused(fhir.Conflict, periodOverlap, "the patient cannot be in two places at a time", d.at(i))
		}
	}
	if over(d.is.status) {
		entries = d.closed(entries)
	}
	if d.o == nil {
		return nil
	}
	var ordered, last []any // where the patient is comes last: that is what events go by
	for _, e := range entries {
		switch e["status"] {
		case "active", "reserved", nil:
			last = append(last, e)
		default:
			ordered = append(ordered, e)
		}
	}
	ordered = append(append(ordered, lost...), last...)
	if delete(d.o, "location"); len(ordered) > 0 {
		d.o["location"] = ordered
	}
	return d.refresh()
}

// closed are the locations of a visit that is over: the last one has been left, and what was reserved or planned is not needed any more.
func (d *draft) closed(entries []object) (rest []object) {
	for _, e := range entries {
		switch e["status"] {
		case "reserved", "planned":
			d.edit()
			continue
		case nil, "active":
			period, _ := e["period"].(object)
			if e["status"] == nil && period["end"] != nil {
				break
			}
			e = ended(e, d.moment())
			d.edit()
		}
		rest = append(rest, e)
	}
	return rest
}

// several refuses two places where the patient is said to be.
func several(places []place, entries []object) error {
	n := 0
	for _, p := range places {
		if entries[p.at]["status"] == "active" {
			n++
		}
	}
	if n > 1 {
		return refused(fhir.BusinessRule, "several-locations", "a patient is in one place at a time: one location has the status active", "Encounter.location")
	}
	return nil
}

func (d *draft) at(i int) string { return "Encounter.location[" + strconv.Itoa(i) + "]" }

// spanned gives a location an end of its period.
func spanned(entry object, name string, t time.Time) object {
	period := object{}
	if before, is := entry["period"].(object); is {
		for k, v := range before {
			period[k] = v
		}
	}
	period[name] = instant(t)
	entry["period"] = period
	return entry
}

// ended is a location that has been left.
func ended(entry object, at time.Time) object {
	entry["status"] = "completed"
	if period, _ := entry["period"].(object); period["end"] != nil {
		return entry
	}
	return spanned(entry, "end", at)
}

package encounter

import (
	"time"

	"andiron.dev/fhir"
)

// histories keep statusHistory and classHistory (http://hl7.org/fhir/R4/encounter.html): what there was before is what the server has seen,
// whatever a client sends.
func (d *draft) histories() error {
	if d.was.Resource == nil {
		return nil
	}
	d.history("statusHistory", "status", d.was.root.Get("status"), d.changed())
	d.history("classHistory", "class", d.was.root.Get("class"), d.was.class != d.is.class)
	return d.refresh()
}

// history writes one of them: what it was, and what has come to an end with this version.
func (d *draft) history(name, element string, value fhir.Element, changed bool) {
	before := d.was.root.Get(name)
	items, _ := fhir.Tree(before).([]any)
	if changed && value.Exists() {
		period := object{"end": instant(d.moment())}
		if since := d.since(name); !since.IsZero() {
			period["start"] = instant(since)
		}
		items = append(items, object{element: fhir.Tree(value), "period": period})
	} else if before.Raw() == d.is.root.Get(name).Raw() {
		return
	}
	if items == nil {
		delete(d.edit(), name)
		return
	}
	d.edit()[name] = items
}

// since is when the status or class of before began: when the one before it ended.
func (d *draft) since(name string) (last time.Time) {
	for e := range d.was.root.Each(name) {
		if end, ok := when(e.Get("period").Get("end")); ok {
			last = end
		}
	}
	if last.IsZero() && !d.was.start.IsZero() && !d.was.start.After(d.moment()) {
		last = d.was.start
	}
	return last
}

// moment is when what this version says has come about: now, or the end that it gives for a visit that is over.
func (d *draft) moment() time.Time {
	if !over(d.is.status) {
		return d.now
	}
	if end, ok := when(d.is.root.Get("period").Get("end")); ok && !end.After(d.m.config.Now()) {
		return end
	}
	return d.now
}

// period keeps period and length: a visit begins when the patient is there, and ends with its status.
func (d *draft) period() error {
	if !d.was.start.IsZero() && !d.is.root.Get("period").Get("start").Exists() { // when it began does not change by not being said
		d.within("start", d.was.start)
		if err := d.refresh(); err != nil {
			return err
		}
	}
	period := d.is.root.Get("period")
	start, end := period.Get("start"), period.Get("end")
	switch {
	case present(d.is.status):
		if first, ok := when(start); !ok || d.was.status == planned && first.Equal(d.was.start) && first.After(d.now) { // earlier than was planned
			d.within("start", d.now)
		}
		if end.Exists() && d.was.status == finished {
			delete(d.edit()["period"].(object), "end")
			delete(d.edit(), "length")
		}
	case d.changed() && (d.is.status == finished || d.is.status == cancelled):
		last, ok := when(end)
		if !ok {
			if last = d.now; d.is.status == finished && !d.is.start.After(d.m.config.Now()) {
				last = latest(last, d.is.start)
			}
			if !start.Exists() && d.is.status == finished {
				d.within("start", last)
			}
			d.within("end", last)
		}
		first, _ := when(start)
		if last.Before(first) {
			if d.is.status == cancelled { // before it began
				delete(d.edit()["period"].(object), "end")
				return d.refresh()
			}
			return refused(fhir.Conflict, periodOverlap, "the visit would end before it began", "Encounter.period")
		}
		if !first.IsZero() && d.is.status == finished {
			d.edit()["length"] = object{"value": int(last.Sub(first) / time.Minute), "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}
		}
	}
	return d.refresh()
}

// within writes an end of the period.
func (d *draft) within(name string, t time.Time) {
	o := d.edit()
	period, _ := o["period"].(object)
	if period == nil {
		period = object{}
		o["period"] = period
	}
	period[name] = instant(t)
}

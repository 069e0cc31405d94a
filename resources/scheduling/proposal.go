package scheduling

import (
	"context"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// offer makes the offer of a candidate: a proposed Appointment as complete as it can be, that contains the Slots it would take.
func (q *quest) offer(c *candidate) (*offer, error) {
	o := &offer{id: offerID(q.caller, c, q.w.patients), service: c.service(), start: c.start, end: c.start.Add(c.agendas[0].resolved.Duration), expires: q.now.Add(offerLife).Truncate(time.Second)}
	var slots, contained, participants []any
	for i, a := range c.agendas {
		o.schedules = append(o.schedules, a.schedule)
		id := "s" + strconv.Itoa(i+1)
		slots = append(slots, reference("#"+id))
		contained = append(contained, object{"resourceType": "Slot", "id": id, "schedule": reference(a.schedule.Reference()), "status": "busy", "start": instant(o.start), "end": instant(o.end)})
		actor := reference(actorOf(a.schedule))
		for one := range a.schedule.Root().Each("actor") {
			if display := one.Get("display").Text(); display != "" {
				actor["display"] = display
			}
		}
		participants = append(participants, object{"actor": actor, "required": "required", "status": "needs-action"})
	}
	for _, patient := range q.w.patients {
		participants = append(participants, object{"actor": reference(patient), "required": "required", "status": "needs-action"})
	}
	a := object{
		"resourceType": "Appointment", "id": o.id, "status": proposed, "contained": contained, "slot": slots, "participant": participants,
		"extension": list(object{"url": offerExpires, "valueInstant": instant(o.expires)}),
		"start":     instant(o.start), "end": instant(o.end), "minutesDuration": int(o.end.Sub(o.start) / time.Minute),
		"requestedPeriod": list(object{"start": instant(q.w.window.start), "end": instant(q.w.window.end)}),
	}
	root := o.service.Root()
	for _, pair := range [][2]string{{"category", "serviceCategory"}, {"type", "serviceType"}, {"specialty", "specialty"}} {
		if values := repeated(root, pair[0]); len(values) > 0 {
			a[pair[1]] = values
		}
	}
	if reasons := q.w.reasonCodes(); len(reasons) > 0 {
		a["reasonCode"] = reasons
	}
	if q.w.referral != nil {
		a["basedOn"] = list(reference(q.w.referral.Reference()))
	}
	r, err := build(a)
	o.appointment = r
	return o, err
}

// repeated are the values of a property that may repeat.
func repeated(e fhir.Element, name string) (values []any) {
	for one := range e.Each(name) {
		values = append(values, fhir.Tree(one))
	}
	return values
}

// reasonCodes are the reasons of the request as CodeableConcepts.
func (w *wish) reasonCodes() (values []any) {
	for _, token := range w.reasons {
		system, code, both := strings.Cut(token, "|")
		coding := object{"code": system}
		if both {
			coding = object{"code": code}
			if system != "" {
				coding["system"] = system
			}
		}
		if coding["code"] != "" {
			values = append(values, object{"coding": list(coding)})
		}
	}
	return values
}

// alternatives are at most n offers of times at or after the given one, within a month, for the same Schedules and service. They are made for whoever asks, and
// can be held and booked by their ids as those of $find can; an update that fails for what they are alternatives to does not take them back.
func (m *Module) alternatives(ctx context.Context, tx fhir.Tx, schedules []*fhir.Resource, service *fhir.Resource, after time.Time, n int) ([]*fhir.Resource, error) {
	window := span{after, after.Add(maxWindow)}
	q := &quest{m: m, now: m.config.Now(), caller: caller(ctx), w: &wish{window: window, occurrences: 1}}
	b := m.newBinder(tx, window, nil)
	c := &combo{rank: 1}
	for _, s := range schedules {
		a, err := b.add(ctx, s, service)
		if err != nil {
			return nil, err
		}
		c.agendas = append(c.agendas, a)
	}
	if len(c.agendas) == 0 {
		return nil, nil
	}
	if err := c.agree(); err != nil {
		return nil, err
	}
	c.name()
	if err := b.bind(ctx); err != nil {
		return nil, err
	}
	common := c.agendas[0].starts(q.now)
	for _, a := range c.agendas[1:] {
		common = intersect(common, a.starts(q.now))
	}
	var found []*fhir.Resource
	var records []*fhir.Record
	for _, t := range common[:min(n, len(common))] {
		o, err := q.offer(&candidate{combo: c, start: t})
		if err != nil {
			return nil, err
		}
		record, err := o.record(q.caller)
		if err != nil {
			return nil, err
		}
		found, records = append(found, o.appointment), append(records, record)
	}
	if !m.offers.put(records) {
		return nil, nil
	}
	return found, nil
}

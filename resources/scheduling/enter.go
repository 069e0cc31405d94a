package scheduling

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// enter writes the Slots of an Appointment whose time is free, and gives the Appointment as it is stored. What it had before is given back.
func (m *Module) enter(ctx context.Context, tx fhir.Tx, before, after *appointment, claims []claim, status string, hold time.Duration) (*fhir.Resource, error) {
	now, in := m.config.Now(), intentOf(ctx)
	expires := time.Time{}
	if status == pending {
		switch {
		case !in.expires.IsZero():
			expires = in.expires
		case before != nil && before.status == pending && !before.expires.IsZero(): // moving a hold does not prolong it
			expires = before.expires
		case after.status == booked: // a patient asks, and staff has a day to answer
			expires = now.Add(requestTime)
		default:
			expires = now.Add(hold)
		}
	}
	var keep, missing []string
	for _, c := range claims {
		if c.own != nil {
			keep = append(keep, c.own.r.ID())
		}
	}
	for _, text := range after.slots { // Slots that come with the Appointment, but after it
		ref := fhir.ParseReference(text)
		if ref.Type != "Slot" || ref.ID == "" || slices.Contains(keep, ref.ID) {
			continue
		}
		r, err := m.read(ctx, tx, "Slot", ref.ID)
		if err != nil {
			return nil, err
		}
		if r == nil {
			missing = append(missing, ref.ID)
		}
	}
	if before != nil {
		if err := m.releaseBut(ctx, tx, before, keep); err != nil {
			return nil, err
		}
	}
	var slots []any
	for _, c := range claims {
		id := ""
		switch {
		case c.own != nil:
			id = c.own.r.ID()
		case len(missing) > 0:
			id, missing = missing[0], missing[1:]
		default:
			id = m.config.NewID()
		}
		if err := m.enterSlot(ctx, tx, after, c, id, status, expires); err != nil {
			return nil, err
		}
		slots = append(slots, reference("Slot/"+id))
	}
	next, err := changed(after.r, func(o object) {
		delete(o, "contained")
		o["status"], o["slot"] = status, slots
		if _, has := o["created"]; !has {
			o["created"] = instant(now)
		}
		o["minutesDuration"] = int(after.end.Sub(after.start) / time.Minute)
		if _, has := o["serviceType"]; !has && claims[0].service != nil {
			if types := fhir.Tree(claims[0].service.Root().Get("type")); types != nil {
				o["serviceType"] = types
			}
		}
		m.mark(o, expires)
		m.virtual(o, after, claims)
	})
	if err == nil && status == pending && after.status == booked {
		err = m.ask(ctx, tx, next, expires)
	}
	return next, err
}

// requestTime is how long staff has to answer a patient who asks for an appointment.
const requestTime = 24 * time.Hour

// mark writes when a hold expires; what is no hold does not.
func (m *Module) mark(o object, expires time.Time) {
	if expires.IsZero() {
		extend(o, ours+"hold-expires", nil)
		return
	}
	extend(o, ours+"hold-expires", object{"valueInstant": instant(expires)})
}

// enterSlot writes the Slot of an Appointment in a calendar, and those of its buffers.
func (m *Module) enterSlot(ctx context.Context, tx fhir.Tx, a *appointment, c claim, id, status string, expires time.Time) error {
	occupied := "busy"
	if status == pending {
		occupied = "busy-tentative"
	}
	in := intentOf(ctx)
	one := func(id, status string, start, end time.Time) error {
		o := object{
			"resourceType": "Slot", "id": id, "schedule": reference(c.schedule.Reference()), "status": status, "start": instant(start), "end": instant(end),
			"extension": list(object{"url": slotAppointment, "valueReference": reference("Appointment/" + a.id())}),
		}
		m.mark(o, expires)
		if in.waived[ruleCapacity] != "" {
			o["overbooked"] = true
		}
		r, err := build(o)
		if err == nil {
			_, err = tx.Put(managing(ctx), r)
		}
		return err
	}
	if err := one(id, occupied, a.start, a.end); err != nil || c.service == nil {
		return err
	}
	p, err := m.resolve(ctx, tx, c.schedule, c.service)
	if err != nil {
		return err
	}
	if p.Before > 0 {
		err = one(id+bufferBefore, "busy-unavailable", a.start.Add(-p.Before), a.start)
	}
	if err == nil && p.After > 0 {
		err = one(id+bufferAfter, "busy-unavailable", a.end, a.end.Add(p.After))
	}
	return err
}

// slotIDs are the ids of the Slots that an Appointment may have, buffers included.
func (m *Module) slotIDs(a *appointment) (ids []string) {
	for _, text := range a.slots {
		if ref := fhir.ParseReference(text); ref.Type == "Slot" && ref.ID != "" {
			ids = append(ids, ref.ID)
			if len(ref.ID)+len(bufferBefore) <= 64 {
				ids = append(ids, ref.ID+bufferBefore, ref.ID+bufferAfter)
			}
		}
	}
	return ids
}

// release gives back the time of an Appointment.
func (m *Module) release(ctx context.Context, tx fhir.Tx, a *appointment) error {
	return m.releaseBut(ctx, tx, a, nil)
}

func (m *Module) releaseBut(ctx context.Context, tx fhir.Tx, a *appointment, keep []string) error {
	own := "Appointment/" + a.id()
	for _, id := range m.slotIDs(a) {
		if slices.Contains(keep, id) {
			continue
		}
		r, err := m.read(ctx, tx, "Slot", id)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		of := extension(r.Root(), slotAppointment).Get("valueReference").Get("reference").Text()
		if s := slotOf(r); of != own && (of != "" || !s.booking()) { // time that was published as free, or is another's
			continue
		}
		if _, err := tx.Delete(managing(ctx), "Slot", id); err != nil {
			return err
		}
		if s := slotOf(r); s.booking() {
			if err := m.released(ctx, tx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// freed is an Appointment that gives its time back: what has been planned for it is called off.
func (m *Module) freed(ctx context.Context, tx fhir.Tx, before, after *appointment) (*fhir.Resource, error) {
	if err := m.release(ctx, tx, before); err != nil {
		return nil, err
	}
	if before.status == booked {
		if err := m.revoke(ctx, tx, before); err != nil {
			return nil, err
		}
	}
	return changed(after.r, func(o object) {
		delete(o, "slot")
		m.mark(o, time.Time{})
		extend(o, virtualExtension, nil)
		if after.status != cancelled {
			return
		}
		if !extension(after.root, newer("Appointment.cancellationDate")).Exists() {
			extend(o, newer("Appointment.cancellationDate"), object{"valueDateTime": instant(m.config.Now())})
		}
		participants, _ := o["participant"].([]any)
		for _, p := range participants {
			if one, is := p.(object); is {
				one["status"] = "declined"
			}
		}
	})
}

// revoke calls off what patients were to be told about an appointment.
func (m *Module) revoke(ctx context.Context, tx fhir.Tx, a *appointment) error {
	own := "Appointment/" + a.id()
	for _, patient := range a.patients {
		requests, err := m.found(ctx, tx, "CommunicationRequest", 0, fhir.Param{Name: "subject", Value: patient}, fhir.Param{Name: "status", Value: "draft,active,on-hold"})
		if err != nil {
			return err
		}
		for _, r := range requests {
			about := false
			for ref := range r.Root().Each("about") {
				about = about || fhir.ParseReference(ref.Get("reference").Text()).Relative() == own
			}
			if !about || !reminds(r) {
				continue
			}
			off, err := changed(r, func(o object) { o["status"] = "revoked" })
			if err == nil {
				_, err = tx.Put(smart.System(ctx), off)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// reminds reports whether a CommunicationRequest is a reminder of an appointment.
func reminds(r *fhir.Resource) bool {
	for c := range r.Root().Each("category") {
		for coding := range c.Each("coding") {
			if strings.Contains(coding.Get("code").Text(), "reminder") {
				return true
			}
		}
	}
	return false
}

// inTurn has updates that depend on the whole of a calendar, and not on a day of it, follow each other.
func (m *Module) inTurn(ctx context.Context, tx fhir.Tx, what, whose string) error {
	ctx = smart.System(ctx)
	key := what + "/" + whose
	if _, err := tx.Record(ctx, recordTurn, key); err != nil && fhir.CodeOf(err) != fhir.NotFound {
		return err
	}
	return tx.Keep(ctx, &fhir.Record{Kind: recordTurn, Key: key, Value: []byte("{}")})
}

const recordTurn = "scheduling-turn"

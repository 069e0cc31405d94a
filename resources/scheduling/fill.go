package scheduling

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// offerTime is how long somebody who waits has to take a time that has come free.
const offerTime = 2 * time.Hour

// fillWaitlist is our Schedule/[id]/$fill-waitlist: the first free time is held for who has waited for it longest, most urgent first.
func (m *Module) fillWaitlist(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	now := m.config.Now()
	from, to := moment(req.Input.Get("start").Value), moment(req.Input.Get("end").Value)
	if from.Before(now) {
		from = now
	}
	if to.IsZero() {
		to = from.Add(fillAhead)
	}
	if !to.After(from) || to.Sub(from) > 31*24*time.Hour {
		return nil, refuse(fhir.Invalid, "range", "end must be after start and after now, by 31 days at most", "Parameters.parameter")
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		if _, err := tx.Read(ctx, "Schedule", req.ID); err != nil {
			return nil, err
		}
		done, err := m.fill(ctx, tx, req.ID, from, to)
		if err == nil && len(done) == 0 {
			err = refuse(fhir.BusinessRule, "no-candidate", "nobody waits for a time that is free")
		}
		return done, err
	}, one)
}

// fillAhead is how far ahead free times are looked for where it is not said.
const fillAhead = 14 * 24 * time.Hour

// fill offers the first free time within a span to the best of those who wait: it is held for them, and they are told. It gives nothing where nobody
// can have one.
func (m *Module) fill(ctx context.Context, tx fhir.Tx, schedule string, from, to time.Time) ([]written, error) {
	if err := m.inTurn(ctx, tx, "fill", schedule); err != nil {
		return nil, err
	}
	s, err := m.read(ctx, tx, "Schedule", schedule)
	if err != nil || s == nil {
		return nil, err
	}
	candidates, err := m.candidates(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		services, err := m.services(ctx, tx, c.root)
		if err != nil {
			return nil, err
		}
		for _, h := range services {
			if !shares(s.Root(), "serviceType", h.Root(), "type") {
				continue
			}
			start, length, err := m.fitting(ctx, tx, s, h, c, from, to)
			if err != nil {
				return nil, err
			}
			if !start.IsZero() {
				return m.offerTo(ctx, tx, c, s, start, length)
			}
		}
	}
	return nil, nil
}

// candidates are those who wait for somebody's time: most urgent first, then who has waited longest.
func (m *Module) candidates(ctx context.Context, tx fhir.Tx, s *fhir.Resource) (list []*appointment, err error) {
	found, err := m.found(ctx, tx, "Appointment", 0, fhir.Param{Name: "status", Value: waiting})
	if err != nil {
		return nil, err
	}
	actor := actorOf(s)
	for _, r := range found {
		a := appointmentOf(r)
		people := slices.DeleteFunc(slices.Clone(a.actors), func(ref string) bool { return fhir.ParseReference(ref).Type == "HealthcareService" })
		if len(people) == 0 || slices.Contains(people, actor) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(x, y *appointment) int {
		return cmp.Or(-cmp.Compare(urgency(x), urgency(y)), moment(x.root.Get("created")).Compare(moment(y.root.Get("created"))), x.r.LastUpdated().Compare(y.r.LastUpdated()), cmp.Compare(x.id(), y.id()))
	})
	return list, nil
}

// urgency is the priority of an Appointment that waits; more is more urgent.
func urgency(a *appointment) int {
	n, _ := strconv.Atoi(cmp.Or(part(extension(a.root, waitlistExtension), "priority").Get("valueUnsignedInt").Text(), a.root.Get("priority").Text()))
	return n
}

// fitting is the first free time that somebody who waits can have; zero where there is none.
func (m *Module) fitting(ctx context.Context, tx fhir.Tx, s, h *fhir.Resource, a *appointment, from, to time.Time) (time.Time, time.Duration, error) {
	plan, err := m.agenda(ctx, tx, s, h, span{from, to}, a.r.Reference())
	if err != nil {
		if fhir.CodeOf(err) == fhir.BusinessRule { // nothing can be booked there
			err = nil
		}
		return time.Time{}, 0, err
	}
	length := plan.parameters().Duration
	for _, start := range plan.starts(m.config.Now()) {
		if start.Before(from) || start.Add(length).After(to) || !wants(a, start, start.Add(length), plan.parameters().Zone) {
			continue
		}
		busy := false
		for _, patient := range a.patients {
			others, err := m.during(ctx, tx, patient, start, start.Add(length))
			if err != nil {
				return time.Time{}, 0, err
			}
			busy = busy || len(others) > 0
		}
		if !busy {
			return start, length, nil
		}
	}
	return time.Time{}, 0, nil
}

// wants reports whether a time is one that somebody waits for, and was not offered to them in vain before.
func wants(a *appointment, start, end time.Time, zone *time.Location) bool {
	for x := range extension(a.root, waitlistExtension).Each("extension") {
		if x.Get("url").Text() == "offered" && moment(x.Get("valueDateTime")).Equal(start) {
			return false
		}
	}
	for p := range a.root.Each("requestedPeriod") {
		if s, ok := periodOf(p, zone); ok && !start.Before(s.Start) && !end.After(s.End) {
			return true
		}
	}
	return false
}

// offerTo holds a time for somebody who waits, and tells them.
func (m *Module) offerTo(ctx context.Context, tx fhir.Tx, a *appointment, s *fhir.Resource, start time.Time, length time.Duration) ([]written, error) {
	now := m.config.Now()
	until := now.Add(offerTime)
	if until.After(start) {
		until = start
	}
	r, err := changed(a.r, func(o object) {
		o["status"], o["start"], o["end"] = pending, instant(start), instant(start.Add(length))
		participants, _ := o["participant"].([]any)
		if actor := actorOf(s); !slices.Contains(a.actors, actor) {
			o["participant"] = append(participants, object{"actor": reference(actor), "required": "required", "status": "accepted"})
		}
		extend(o, waitlistExtension, standing(a, func(parts []any, count int) []any {
			return append(parts, object{"url": "offer-count", "valueInteger": count + 1}, object{"url": "offered", "valueDateTime": instant(start)})
		}))
	})
	if err != nil {
		return nil, err
	}
	in := &intent{schedules: []string{s.Reference()}, expires: until, trusted: true}
	done, err := m.put(intending(smart.System(ctx), in), tx, r)
	if err == nil {
		err = m.remember(ctx, tx, r.ID(), holding{Caller: offeredHere})
	}
	if err != nil {
		return nil, err
	}
	zone := m.seriesZone(ctx, tx, appointmentOf(r), in)
	return done, m.tell(ctx, tx, appointmentOf(r), "waitlist-offer", "A time has come free: "+start.In(zone).Format("2006-01-02 15:04 MST")+". It is held for you until "+until.In(zone).Format("15:04 MST")+".")
}

// standing is the extension of a place on the waiting list, with what fn makes of its parts other than the count.
func standing(a *appointment, fn func(parts []any, count int) []any) object {
	var parts []any
	count := 0
	for x := range extension(a.root, waitlistExtension).Each("extension") {
		if x.Get("url").Text() == "offer-count" {
			count, _ = strconv.Atoi(x.Get("valueInteger").Text())
			continue
		}
		parts = append(parts, fhir.Tree(x))
	}
	return object{"extension": fn(parts, count)}
}

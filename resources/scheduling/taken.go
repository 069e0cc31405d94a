package scheduling

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
	"andiron.dev/search"
)

// bind gathers what is taken of the calendars that were added: the Slots of their Schedules and the Appointments of their actors, as the diaries have them.
func (b *binder) bind(ctx context.Context) error {
	if len(b.list) == 0 {
		return nil
	}
	reach, periods := b.window, b.window
	schedules, actors := make(map[string]bool), make(map[string]bool)
	for _, a := range b.list {
		p := a.resolved
		schedules[a.schedule.Reference()], actors[actorOf(a.schedule)] = true, true
		reach = hull(reach, availability.Span{Start: b.window.Start.Add(-p.Before), End: b.window.End.Add(p.Duration + p.After)})
		for _, l := range p.Limits {
			periods = hull(periods, hull(l.Period(b.window.Start, p.Zone), l.Period(b.window.End, p.Zone)))
		}
	}
	delete(actors, "")
	appointments, err := b.m.readDiaries(ctx, b.tx, appointmentDiary, actors, hull(reach, periods), b.snapshot)
	if err != nil {
		return err
	}
	slots, err := b.m.readDiaries(ctx, b.tx, slotDiary, schedules, reach, b.snapshot)
	if err != nil {
		return err
	}
	t := &taking{binder: b, slots: make(map[string][]*entry), owners: make(map[string][]*entry), appointments: make(map[string][]*entry)}
	t.sort(appointments, slots)
	for _, a := range b.list {
		if err := t.fill(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// hull is the shortest span that contains both.
func hull(a, b availability.Span) availability.Span {
	if b.Start.Before(a.Start) {
		a.Start = b.Start
	}
	if b.End.After(a.End) {
		a.End = b.End
	}
	return a
}

// taking is what the diaries have.
type taking struct {
	*binder
	slots        map[string][]*entry // by Schedule
	owners       map[string][]*entry // Appointments by Slot
	appointments map[string][]*entry // by actor
	capacities   map[string]int      // by visit types: see capacity
}

// anyOf is a list of values of a search parameter, in lots that a search takes.
func anyOf(set map[string]bool) (lots []string) {
	all := make([]string, 0, len(set))
	for value := range set {
		all = append(all, value)
	}
	slices.Sort(all)
	for lot := range slices.Chunk(all, 200) {
		lots = append(lots, strings.Join(lot, ","))
	}
	return lots
}

// sort files what was read by whose it is. What is ignored, and holds that have expired, are left out.
func (t *taking) sort(appointments, slots []*entry) {
	idle := make(map[string]bool) // Slots of Appointments that take no time: they need not say so themselves
	for _, a := range appointments {
		if t.ignore[a.Ref] || a.over(t.now) {
			idle[a.Ref] = true
			for _, slot := range a.Slots {
				idle[slot] = true
			}
			continue
		}
		for _, actor := range a.Whose {
			t.appointments[actor] = append(t.appointments[actor], a)
		}
		if blocks(a.Status) {
			for _, slot := range a.Slots {
				t.owners[slot] = append(t.owners[slot], a)
			}
		}
	}
	for _, s := range slots {
		if !t.ignore[s.Ref] && !t.ignore[s.Owner] && !idle[s.Owner] && (!idle[s.Ref] || len(t.owners[s.Ref]) > 0) && !s.over(t.now) {
			for _, schedule := range s.Whose {
				t.slots[schedule] = append(t.slots[schedule], s)
			}
		}
	}
}

// fill enters what concerns an agenda in its calendar.
func (t *taking) fill(ctx context.Context, a *agenda) error {
	c, types := &a.calendar, codings(a.service.Root(), "type")
	counted := make(map[string]bool) // Appointments that take a Slot which counts
	for _, s := range t.slots[a.schedule.Reference()] {
		if len(s.Types) > 0 && !s.of(types) {
			continue
		}
		if s.Status == "free" {
			c.Open = append(c.Open, s.span())
			continue
		}
		owners := t.owners[s.Ref]
		if len(owners) == 0 {
			c.Taken = append(c.Taken, availability.Taken{Span: s.span(), Capacity: 1, Booking: s.Owner != "" || s.Status != "busy-unavailable", Ref: s.Ref})
		}
		for _, owner := range owners { // a Slot may have several
			counted[owner.Ref] = true
			capacity, err := t.capacity(ctx, a, owner)
			if err != nil {
				return err
			}
			c.Taken = append(c.Taken, availability.Taken{Span: s.span(), Capacity: capacity, Booking: true, Ref: owner.Ref})
		}
	}
	for _, one := range t.appointments[actorOf(a.schedule)] {
		if blocks(one.Status) && !counted[one.Ref] {
			capacity, err := t.capacity(ctx, a, one)
			if err != nil {
				return err
			}
			c.Taken = append(c.Taken, availability.Taken{Span: one.span(), Capacity: capacity, Booking: true, Ref: one.Ref})
		}
		same := one.of(types)
		if same {
			a.bookings = append(a.bookings, one)
		}
		if same || a.resolved.own {
			c.Begun = append(c.Begun, one.span().Start)
		}
	}
	return nil
}

// capacity is how many bookings an Appointment allows at its time: as many as its own service does.
func (t *taking) capacity(ctx context.Context, a *agenda, one *entry) (int, error) {
	if a.resolved.Capacity < 2 {
		return 1, nil
	}
	if one.of(codings(a.service.Root(), "type")) {
		return a.resolved.Capacity, nil
	}
	if len(one.Types) == 0 {
		return 1, nil
	}
	key := a.schedule.ID() + " " + strings.Join(one.Types, ",")
	if n, known := t.capacities[key]; known {
		return n, nil
	}
	n := 1
	services, err := t.m.found(ctx, t.tx, "HealthcareService", 1, fhir.Param{Name: "service-type", Value: searched(one.Types)})
	if err != nil {
		return 0, err
	}
	if len(services) > 0 {
		in := &parameterReader{sets: parameterSets(a.schedule.Root(), services[0].Root())}
		if value, err := strconv.Atoi(in.first("slotCapacity").Get("valuePositiveInt").Text()); err == nil && value > 0 {
			n = value
		}
	}
	if t.capacities == nil {
		t.capacities = make(map[string]int)
	}
	t.capacities[key] = n
	return n, nil
}

// searched is a list of "system|code" as a search takes it.
func searched(tokens []string) string {
	list := make([]string, len(tokens))
	for i, token := range tokens {
		system, code, _ := strings.Cut(token, "|")
		list[i] = search.Escape(system) + "|" + search.Escape(code)
	}
	return strings.Join(list, ",")
}

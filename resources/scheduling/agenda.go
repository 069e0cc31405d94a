package scheduling

import (
	"cmp"
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
)

// span is the time from start until before end.
type span struct{ start, end time.Time }

// agenda is what one Schedule has open and taken in a window, for one HealthcareService (domain design §7.3). What takes time are
//
//   - Slots that are busy, busy-unavailable or busy-tentative, for no service or for this one: of a hold that has expired (extension hold-expires of the
//     Slot or of its Appointment) none;
//   - blocking Appointments of the Schedule's actor that take no Slot of the Schedule which counts: those that were imported, and those of other
//     services, since the actor is the same.
//
// A Slot that belongs to an Appointment says so in slot-appointment or is named by Appointment.slot; buffers say so in slot-appointment alone. Such a Slot
// is a booking, others are blocks, which no override opens. How many bookings a Slot of an Appointment allows beside it follows from the Appointment's service.
type agenda struct {
	schedule, service *fhir.Resource
	resolved          *parameters
	calendar          availability.Calendar
	bookings          []*entry // Appointments of the service with the Schedule's actor: those that take time or did
}

// slotAppointment is the extension by which a Slot (a buffer too) names the Appointment that it belongs to: valueReference.
const slotAppointment = fhir.CanonicalBase + "/StructureDefinition/slot-appointment"

// parameters are those of the Schedule for the service.
func (a *agenda) parameters() *parameters { return a.resolved }

// starts are the instants in the window at which a booking can begin.
func (a *agenda) starts(now time.Time) []time.Time { return a.calendar.Starts(now) }

// refusal is why something cannot be booked.
type refusal struct {
	detail   string // slot-unavailable, not-aligned, wrong-duration, outside-policy, in-the-past, booking-limit
	code     fhir.IssueType
	blocking []string // references to what takes the time
	text     string
}

// check says why a booking from start to end cannot be made; nil = it can. The window of the agenda has to reach from start to end. Rules are waived by their
// names: capacity, lead-time, booking-limit; patient-overlap is not looked at here.
func (a *agenda) check(start, end time.Time, now time.Time, waived map[string]bool) *refusal {
	problem, taken := a.calendar.Check(start, end, now, availability.Waived{Capacity: waived["capacity"], LeadTime: waived["lead-time"], Limit: waived["booking-limit"]})
	var r *refusal
	switch problem {
	case availability.None:
		return nil
	case availability.WrongDuration:
		r = &refusal{"wrong-duration", fhir.BusinessRule, nil, "an appointment of this service takes " + a.resolved.Duration.String()}
	case availability.NotAligned:
		r = &refusal{"not-aligned", fhir.BusinessRule, nil, "appointments do not begin at this time of day"}
	case availability.InThePast:
		r = &refusal{"in-the-past", fhir.BusinessRule, nil, "the time is over"}
	case availability.OutsidePolicy:
		r = &refusal{"outside-policy", fhir.BusinessRule, nil, "the time is too soon, too far ahead or beyond the planning horizon"}
	case availability.Full:
		r = &refusal{"booking-limit", fhir.BusinessRule, nil, "as many appointments as there may be are booked in this period"}
	case availability.Shut:
		r = &refusal{"slot-unavailable", fhir.Conflict, nil, "nothing is open at this time"}
	default:
		r = &refusal{"slot-unavailable", fhir.Conflict, nil, "the time is taken"}
		for _, t := range taken {
			if t.Ref != "" && !slices.Contains(r.blocking, t.Ref) {
				r.blocking = append(r.blocking, t.Ref)
			}
		}
	}
	return r
}

// agenda gathers what a Schedule has open and taken, for bookings that start in the window. What the references in ignore name ("Appointment/1", "Slot/2"; an id
// alone is an Appointment's) counts as free, and so do the Slots of such an Appointment. Errors: BusinessRule for what cannot be booked at all: actor-inactive,
// service-mismatch, wrong-parameters, no-duration, no-timezone.
func (m *Module) agenda(ctx context.Context, tx fhir.Tx, schedule, service *fhir.Resource, window span, ignore ...string) (*agenda, error) {
	b := m.newBinder(tx, window, ignore)
	a, err := b.add(ctx, schedule, service)
	if err != nil {
		return nil, err
	}
	return a, b.bind(ctx)
}

// binder gathers the agendas of several Schedules, with a few searches for all of them.
type binder struct {
	m        *Module
	tx       fhir.Tx
	now      time.Time
	window   availability.Span
	ignore   map[string]bool
	snapshot bool // tx only reads
	past     bool // what is over counts as well: Schedules that are not active any more

	list []*agenda
	fit  map[string]error // by Schedule: whether it can be booked at all
}

func (m *Module) newBinder(tx fhir.Tx, window span, ignore []string) *binder {
	b := &binder{m: m, tx: tx, now: m.config.Now(), window: availability.Span{Start: window.start, End: window.end}, ignore: make(map[string]bool), fit: make(map[string]error)}
	for _, reference := range ignore {
		if reference = cmp.Or(fhir.ParseReference(reference).Relative(), reference); reference != "" {
			if fhir.ValidID(reference) {
				reference = "Appointment/" + reference
			}
			b.ignore[reference] = true
		}
	}
	return b
}

// add makes the agenda of a Schedule for a service, still without what is taken.
func (b *binder) add(ctx context.Context, schedule, service *fhir.Resource) (*agenda, error) {
	if err := b.bookable(ctx, schedule); err != nil && !b.past {
		return nil, err
	}
	switch {
	case service.Root().Get("active").Text() == "false" && !b.past:
		return nil, refuse(fhir.BusinessRule, "actor-inactive", service.Reference()+" is not active")
	case !shares(schedule.Root(), "serviceType", service.Root(), "type"):
		return nil, refuse(fhir.BusinessRule, "service-mismatch", schedule.Reference()+" is not for "+service.Reference()+": they have no visit type in common")
	}
	p, err := b.m.resolve(ctx, b.tx, schedule, service)
	if err != nil {
		return nil, err
	}
	if !staff(ctx) {
		p.Ongoing = false
	}
	a := &agenda{schedule: schedule, service: service, resolved: p, calendar: availability.Calendar{Rules: p.Rules, Window: b.window}}
	if horizon := schedule.Root().Get("planningHorizon"); horizon.Exists() {
		a.calendar.Horizon, _ = periodOf(horizon, p.Zone)
	}
	b.list = append(b.list, a)
	return a, nil
}

// bookable says why a Schedule cannot be booked at all: it or its actor is not active, or it has more than one actor.
func (b *binder) bookable(ctx context.Context, schedule *fhir.Resource) error {
	if err, known := b.fit[schedule.ID()]; known {
		return err
	}
	err := func() error {
		root := schedule.Root()
		if root.Get("active").Text() == "false" {
			return refuse(fhir.BusinessRule, "actor-inactive", schedule.Reference()+" is not active")
		}
		if root.Get("actor").Len() != 1 {
			return refuse(fhir.BusinessRule, "wrong-parameters", schedule.Reference()+" must have exactly one actor for its times to be computed")
		}
		actor, err := b.m.referred(ctx, b.tx, actorOf(schedule))
		if err != nil || actor == nil {
			return err
		}
		status := actor.Root().Get("status").Text()
		if actor.Root().Get("active").Text() == "false" || (actor.Type() == "Location" || actor.Type() == "Device") && status != "" && status != "active" {
			return refuse(fhir.BusinessRule, "actor-inactive", actor.Reference()+" is not active")
		}
		return nil
	}()
	b.fit[schedule.ID()] = err
	return err
}

// actorOf is the reference to the one actor of a Schedule.
func actorOf(schedule *fhir.Resource) string {
	for actor := range schedule.Root().Each("actor") {
		return fhir.ParseReference(actor.Get("reference").Text()).Relative()
	}
	return ""
}

// codings yields what a property that repeats CodeableConcepts has as "system|code".
func codings(e fhir.Element, name string) (list []string) {
	for concept := range e.Each(name) {
		for coding := range concept.Each("coding") {
			if code := coding.Get("code").Text(); code != "" {
				list = append(list, coding.Get("system").Text()+"|"+code)
			}
		}
	}
	return list
}

// visitTypes are the codings of that in our system.
func visitTypes(e fhir.Element, name string) []string {
	return slices.DeleteFunc(codings(e, name), func(c string) bool { return len(c) <= len(visitType) || c[:len(visitType)+1] != visitType+"|" })
}

// shares reports whether two resources have a visit type in common.
func shares(a fhir.Element, nameA string, b fhir.Element, nameB string) bool {
	mine := visitTypes(a, nameA)
	return slices.ContainsFunc(visitTypes(b, nameB), func(c string) bool { return slices.Contains(mine, c) })
}

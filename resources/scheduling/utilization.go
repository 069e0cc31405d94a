package scheduling

import (
	"context"
	"math/big"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
)

// maxUtilization bounds the period of $utilization.
const maxUtilization = 366*24*time.Hour + time.Hour

// utilization is $utilization of a HealthcareService: how much of what its Schedules have open in a period has been booked, and how often nobody came. Time that
// is blocked is not available; what is booked for other services is neither available to this one nor booked of it.
func (m *Module) utilization(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	period := req.Input.Get("period").Value
	s, ok := periodOf(period, time.UTC)
	switch {
	case !ok || s.Start.IsZero() || !s.End.Before(farFuture()):
		return nil, refuse(fhir.Invalid, "range", "period needs a start and an end that is later", "Parameters.parameter")
	case s.End.Sub(s.Start) > maxUtilization:
		return nil, refuse(fhir.TooCostly, "range", "no more than 366 days can be asked about", "Parameters.parameter")
	}
	out := &usage{}
	err := m.view(ctx, req, func(tx fhir.Tx) error {
		*out = usage{seen: make(map[string]bool)}
		service, err := tx.Read(ctx, "HealthcareService", req.ID)
		if err != nil {
			return err
		}
		types := visitTypes(service.Root(), "type")
		if len(types) == 0 {
			return nil
		}
		schedules, err := m.found(ctx, tx, "Schedule", 0, fhir.Param{Name: "service-type", Value: searched(types)})
		if err != nil {
			return err
		}
		b := m.newBinder(tx, span{s.Start, s.End}, nil)
		b.past, b.snapshot = true, req.Tx == nil
		for _, schedule := range schedules {
			if !fits(schedule, service) {
				continue
			}
			if _, err := b.add(ctx, schedule, service); err != nil && fhir.CodeOf(err) != fhir.BusinessRule {
				return err
			}
		}
		if err := b.bind(ctx); err != nil {
			return err
		}
		for _, a := range b.list {
			out.add(a, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p := fhir.NewParameters()
	p.Int("available-minutes", int(out.available/time.Minute)).Int("booked-minutes", int(out.booked/time.Minute))
	if out.available >= time.Minute {
		p.Decimal("utilization", big.NewRat(int64(out.booked/time.Minute), int64(out.available/time.Minute)).FloatString(4))
	}
	if settled := out.came + out.missed; settled > 0 {
		p.Decimal("no-show-rate", big.NewRat(out.missed, settled).FloatString(4))
	}
	return &fhir.Response{Resource: p.Resource()}, nil
}

// usage adds up what calendars were used for.
type usage struct {
	available, booked time.Duration
	came, missed      int64
	seen              map[string]bool // Appointments: one may be in several calendars
}

func (u *usage) add(a *agenda, period availability.Span) {
	var blocked, booked []availability.Span
	for _, t := range a.calendar.Taken {
		if !t.Booking {
			blocked = append(blocked, t.Span)
		}
	}
	for _, one := range a.bookings {
		counts := !u.seen[one.Ref] && one.span().Overlaps(period)
		u.seen[one.Ref] = true
		switch one.Status {
		case noShow:
			if counts {
				u.missed++
			}
			continue
		case fulfilled:
			if counts {
				u.came++
			}
		case pending:
			continue
		}
		booked = append(booked, one.span())
	}
	open := availability.Without(a.calendar.Opening(period), blocked)
	for _, s := range availability.Union(booked) {
		for _, o := range open {
			if part := o.Clip(s); !part.Empty() {
				u.booked += part.End.Sub(part.Start)
			}
		}
	}
	u.available += availability.Length(open)
}

package scheduling

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// sweeper does what becomes due: holds end, who did not come is marked, times that have come free are offered to who waits. It is a fhir.Worker. All that it does it
// does by what is stored when it does it, so the lease only saves work.
type sweeper struct {
	m    *Module
	name string        // of this process, in the lease
	turn chan struct{} // held by whoever sweeps: the loop of Run, or Drain
}

const (
	sweepEvery  = 15 * time.Second
	leaseTime   = 60 * time.Second
	recordLease = "scheduling-lease"
	// maxMissed is how long ago an appointment may have begun that nobody came to. What is older was imported.
	maxMissed = 48 * time.Hour
)

func newSweeper(m *Module) *sweeper {
	return &sweeper{m: m, name: m.config.NewID(), turn: make(chan struct{}, 1)}
}

// Run implements fhir.Worker.
func (s *sweeper) Run(ctx context.Context) {
	ctx = smart.System(ctx)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if led, err := s.lead(ctx); err == nil && led {
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.m.config.Log.Error("appointments could not be swept, and will be again", slog.String("cause", err.Error()))
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Drain implements fhir.Worker.
func (s *sweeper) Drain(ctx context.Context) error { return s.sweep(smart.System(ctx)) }

// lead takes or keeps the lease, and reports whether it has it.
func (s *sweeper) lead(ctx context.Context) (led bool, err error) {
	type lease struct {
		Holder string    `json:"holder"`
		Until  time.Time `json:"until"`
	}
	err = s.m.config.Store.Update(ctx, []string{"scheduling:lease"}, func(tx fhir.Tx) error {
		var l lease
		r, err := tx.Record(ctx, recordLease, "sweeper")
		if err == nil {
			err = json.Unmarshal(r.Value, &l)
		}
		if err != nil && fhir.CodeOf(err) != fhir.NotFound {
			return err
		}
		now := s.m.config.Now()
		left := l.Until.Sub(now)
		if led = l.Holder == s.name || left <= 0 || left > leaseTime; !led {
			return nil
		}
		value, err := json.Marshal(lease{s.name, now.Add(leaseTime)})
		if err != nil {
			return err
		}
		return tx.Keep(ctx, &fhir.Record{Kind: recordLease, Key: "sweeper", Value: value})
	})
	return led, err
}

// sweep does everything that is due.
func (s *sweeper) sweep(ctx context.Context) (err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if failed := fhir.Recovered(recover()); failed != nil {
			err = failed
		}
	}()
	if err := s.holds(ctx); err != nil {
		return err
	}
	if err := s.missed(ctx); err != nil {
		return err
	}
	return s.fill(ctx)
}

// listed are the ids of Appointments that a search finds and that are due.
func (s *sweeper) listed(ctx context.Context, due func(*appointment) bool, params ...fhir.Param) (ids []string, err error) {
	err = s.m.config.Store.View(ctx, func(tx fhir.Tx) error {
		ids = nil
		found, err := s.m.found(ctx, tx, "Appointment", 0, params...)
		for _, r := range found {
			if due(appointmentOf(r)) {
				ids = append(ids, r.ID())
			}
		}
		return err
	})
	return ids, err
}

// each carries out a step for Appointments, each in an update of its own. One that cannot be carried out does not keep the others from it.
func (s *sweeper) each(ctx context.Context, ids []string, due func(*appointment) bool, step func(fhir.Tx, *appointment) error) error {
	for _, id := range ids {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := s.m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			r, err := s.m.read(ctx, tx, "Appointment", id)
			a := appointmentOf(r)
			if err != nil || a == nil || !due(a) {
				return err
			}
			return step(tx, a)
		})
		if err != nil {
			s.m.config.Log.Warn("an appointment could not be swept", slog.String("cause", fhir.AsOutcome(err).Error()), slog.String("appointment", id))
		}
	}
	return nil
}

// holds ends the holds that have expired. Who was offered a time and did not take it goes on waiting.
func (s *sweeper) holds(ctx context.Context) error {
	due := func(a *appointment) bool { return a.over(s.m.config.Now()) }
	ids, err := s.listed(ctx, due, fhir.Param{Name: "status", Value: pending})
	if err != nil {
		return err
	}
	return s.each(ctx, ids, due, func(tx fhir.Tx, a *appointment) error {
		r, err := changed(a.r, func(o object) {
			if extension(a.root, waitlistExtension).Exists() {
				o["status"] = waiting
				delete(o, "start")
				delete(o, "end")
				delete(o, "minutesDuration")
				return
			}
			o["status"], o["cancelationReason"] = cancelled, concept(fhir.CanonicalBase+"/CodeSystem/appointment-cancellation-reason", holdExpired, "The hold has expired")
		})
		if err == nil {
			_, err = tx.Put(intending(ctx, &intent{trusted: true}), r)
		}
		return err
	})
}

// missed marks the appointments that nobody came to.
func (s *sweeper) missed(ctx context.Context) error {
	now := s.m.config.Now()
	due := func(a *appointment) bool { return a.status == booked && len(a.slots) > 0 && !a.start.After(now) }
	ids, err := s.listed(ctx, due, fhir.Param{Name: "status", Value: booked}, fhir.Param{Name: "date", Value: "le" + instant(now)},
		fhir.Param{Name: "date", Value: "ge" + instant(now.Add(-maxMissed))})
	if err != nil {
		return err
	}
	return s.each(ctx, ids, due, func(tx fhir.Tx, a *appointment) error {
		grace, err := s.m.grace(ctx, tx, a)
		if err != nil || now.Before(a.start.Add(grace)) {
			return err
		}
		_, err = s.m.missed(ctx, tx, a, "")
		return err
	})
}

// fill offers the times that have come free to who waits.
func (s *sweeper) fill(ctx context.Context) error {
	var records []*fhir.Record
	err := s.m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		records, err = tx.Records(ctx, recordReleased, "", "", 1000)
		return err
	})
	if err != nil {
		return err
	}
	for _, record := range records {
		var free releasedTime
		if err := json.Unmarshal(record.Value, &free); err != nil {
			return err
		}
		err := s.m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			if _, err := tx.Record(ctx, record.Kind, record.Key); err != nil { // another has seen to it
				if fhir.CodeOf(err) == fhir.NotFound {
					return nil
				}
				return err
			}
			if err := tx.Drop(ctx, record.Kind, record.Key); err != nil {
				return err
			}
			if !free.Start.After(s.m.config.Now()) {
				return nil
			}
			_, err := s.m.fill(ctx, tx, free.Schedule, free.Start, free.End)
			return err
		})
		if err != nil {
			s.m.config.Log.Warn("a time that has come free could not be offered", slog.String("cause", fhir.AsOutcome(err).Error()), slog.String("schedule", free.Schedule))
		}
	}
	return nil
}

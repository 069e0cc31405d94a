package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// lookOut looks every second until ctx ends. Numbers of slots that are out of use stay good for longer than that (see grace).
func (s *Store) lookOut(ctx context.Context) {
	for sleep(ctx, lookInterval, nil) == nil {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.options.Log.Error("what other processes do to the store cannot be told", slog.String("cause", err.Error()))
		}
	}
}

// look takes over what other processes have changed: whoever does not write would not notice otherwise.
func (s *Store) look(ctx context.Context) error {
	generation, job := int64(0), (*indexJob)(nil)
	err := s.snapshot(ctx, func(r reader) (err error) {
		if generation, err = r.conn.generation(); err == nil {
			job, err = r.conn.nextJob()
		}
		return asOutcome(err)
	})
	if err != nil {
		return err
	}
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	if job != nil {
		s.note(job)
	}
	if generation == s.options.Params.Generation() {
		return nil
	}
	err = s.writer.exclusive(ctx.Done(), func() error { return errNothing }) // to begin is enough
	if errors.Is(err, errGivenUp) {
		return givenUp(ctx.Err())
	}
	return asOutcome(err)
}

// patience is how long Open works on an index that another version of the program has written: a small store is up to date then.
const patience = 2 * time.Second

// catchUp works on the index anew as long as that keeps searches from being answered, but not for long.
func (s *Store) catchUp() {
	log, start := s.options.Log, time.Now()
	if s.gap.Load() == nil {
		return
	}
	log.Info("the search index was written by another version of the program; the store is indexed anew")
	x := &indexer{store: s, pace: alone(), size: firstStep}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		g := s.gap.Load()
		if g == nil {
			log.Info("the store is indexed anew", slog.Float64("seconds", time.Since(start).Seconds()))
			return
		}
		worked, err := x.step(ctx)
		if err != nil || !worked {
			log.Info("the store is being indexed anew; searches of what is not indexed yet are refused", slog.Int("percent", int(g.percent.Load())))
			return
		}
	}
}

package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"andiron.dev/fhir"
)

// pace says how a job is worked on.
type pace struct {
	workers int           // goroutines that compute index values
	turn    time.Duration // how long a step should take the writer
	rest    int           // how many times as long as it worked it rests
}

// Beside requests, work takes a fifth of one processor, and the writer for a few milliseconds at a time. While searches have to be
// refused, it takes half of one.
func beside() pace { return pace{workers: 1, turn: 3 * time.Millisecond, rest: 4} }

// alone is as fast as it can be.
func alone() pace { return pace{workers: 64, turn: 100 * time.Millisecond} }

const (
	leastStep, firstStep, mostStep = 5, 50, 4000 // resources of a step

	lookInterval = time.Second // how often to look for what other processes have left to be done
)

// indexer works on jobs.
type indexer struct {
	store *Store
	pace
	size int // resources of the next step
}

// step does a portion of what is to be done; worked is false when there is nothing. errLeased says that another process is at it.
func (x *indexer) step(ctx context.Context) (worked bool, err error) {
	s := x.store
	if err := s.admission.enter(ctx); err != nil {
		return false, err
	}
	defer s.admission.leave()
	p, job, err := s.portion(ctx, x.size, x.workers)
	switch {
	case err != nil:
		return false, err
	case job == nil:
		return x.sweep(ctx)
	case p == nil:
		return true, s.writer.exclusive(ctx.Done(), func() error { return s.writer.start(job) })
	}
	var took time.Duration
	err = s.writer.exclusive(ctx.Done(), func() error {
		start := time.Now()
		defer func() { took = time.Since(start) }()
		return s.writer.writePortion(p)
	})
	x.adapt(took)
	s.note(job)
	return true, err
}

// sweep removes rows that are out of use.
func (x *indexer) sweep(ctx context.Context) (worked bool, err error) {
	s := x.store
	c, err := s.readers.take(ctx)
	if err != nil {
		return false, err
	}
	due, err := c.sweepDue(s.grace)
	s.readers.put(c)
	if err != nil || !due {
		return false, err
	}
	return true, s.writer.exclusive(ctx.Done(), func() error { return s.writer.sweep(10 * x.size) })
}

// adapt brings the time that a step takes the writer to what it should be.
func (x *indexer) adapt(took time.Duration) {
	next := x.size * 2
	if took > 0 {
		next = min(next, int(int64(x.size)*int64(x.turn)/int64(took)))
	}
	x.size = min(max(next, x.size/4, leastStep), mostStep)
}

// note makes the progress of a job known within this process.
func (s *Store) note(job *indexJob) {
	if g := s.gap.Load(); g != nil && job.words {
		g.percent.Store(int32(job.percent()))
	}
	if job.kind == kindParameter {
		for _, url := range job.urls() {
			s.options.Params.SetProgress(url, job.percent())
		}
	}
}

// Index implements fhir.Indexer.
func (s *Store) Index(ctx context.Context) error {
	x := &indexer{store: s, pace: alone(), size: firstStep}
	for {
		worked, err := x.step(ctx)
		switch {
		case errors.Is(err, errLeased):
			if err := sleep(ctx, 100*time.Millisecond, nil); err != nil {
				return err
			}
		case errors.Is(err, errGivenUp):
			return givenUp(ctx.Err())
		case err != nil:
			return asOutcome(err)
		case !worked:
			return s.look(ctx)
		}
	}
}

// IndexBeside implements fhir.Indexer.
func (s *Store) IndexBeside(ctx context.Context) {
	x := &indexer{store: s, pace: beside(), size: firstStep}
	for failures := 0; ctx.Err() == nil; {
		start := time.Now()
		worked, err := x.step(ctx)
		wait := time.Duration(x.rest) * time.Since(start)
		if s.gap.Load() != nil {
			wait = time.Since(start)
		}
		switch {
		case err != nil && !errors.Is(err, errLeased) && ctx.Err() == nil:
			if fhir.CodeOf(err) == fhir.Transient && errors.Is(err, errClosed) {
				return
			}
			failures++
			s.options.Log.Error("the search index cannot be worked on; it is tried again", slog.String("cause", err.Error()))
			wait = time.Duration(min(failures, 60)) * time.Second
		case !worked:
			failures, wait = 0, lookInterval
		default:
			failures = 0
		}
		wakes := s.work
		if worked {
			wakes = nil // a rest is a rest
		}
		_ = sleep(ctx, wait, wakes)
	}
}

// sleep waits for a time, or until it is woken. The error is that of the context.
func sleep(ctx context.Context, d time.Duration, wakes <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wakes:
	case <-ctx.Done():
		return givenUp(ctx.Err())
	}
	return nil
}

// wake tells IndexBeside that there may be something to do.
func (s *Store) wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}

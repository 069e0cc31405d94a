package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// workAgain is how long a worker that broke down rests.
const workAgain = time.Second

// prepare has workers settle what must be so before the first request is answered.
func (s *Server) prepare(ctx context.Context) error {
	for _, w := range s.registry.Workers() {
		if p, ok := w.(fhir.Preparer); ok {
			if err := p.Prepare(smart.System(ctx)); err != nil {
				return err
			}
		}
	}
	return nil
}

// workBeside runs the workers that modules have entered beside requests, until ctx ends or the function that it returns is called.
// What they do is the server's own work.
func (s *Server) workBeside(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(smart.System(ctx))
	var running sync.WaitGroup
	for _, w := range s.registry.Workers() {
		running.Go(func() {
			for ctx.Err() == nil {
				s.work(ctx, w)
				select {
				case <-ctx.Done():
				case <-time.After(workAgain):
				}
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// work runs a worker until ctx ends, or it breaks down: nobody else would recover from its panic.
func (s *Server) work(ctx context.Context, w fhir.Worker) {
	defer func() {
		if err := fhir.Recovered(recover()); err != nil {
			s.config.Log.Error("a worker broke down", slog.String("cause", err.Error()))
		}
	}()
	w.Run(ctx)
}

// Drain has every worker do what is due, and what comes of it, until all of them are idle. Its error says that ctx has ended before,
// or what a worker could not do.
func (s *Server) Drain(ctx context.Context) error {
	ctx = smart.System(ctx)
	for before := fhir.Seq(-1); ; {
		for _, w := range s.registry.Workers() {
			if err := w.Drain(ctx); err != nil {
				return err
			}
		}
		now, err := s.newest(ctx)
		if err != nil || now == before {
			return err
		}
		before = now
	}
}

// newest is the place of the last version in the outbox.
func (s *Server) newest(ctx context.Context) (last fhir.Seq, err error) {
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		page, err := tx.History(ctx, fhir.HistoryQuery{Count: 1})
		if err == nil && len(page.Events) > 0 {
			last = page.Events[0].Seq
		}
		return err
	})
	return last, err
}

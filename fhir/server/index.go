package server

import (
	"context"
	"fmt"
	"sync"

	"andiron.dev/fhir"
)

// indexBeside has the store work on its search index beside requests, until ctx ends or the function that it returns is called.
func (s *Server) indexBeside(ctx context.Context) (stop func()) {
	x, ok := s.config.Store.(fhir.Indexer)
	if !ok {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { x.IndexBeside(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// rebuilding says how far the store is with an index that takes the place of one that this program cannot read; "" = there is
// nothing of the kind. Reads and writes are served meanwhile, searches as far as the index goes.
func (s *Server) rebuilding(ctx context.Context) (string, error) {
	x, ok := s.config.Store.(fhir.Indexer)
	if !ok {
		return "", nil
	}
	jobs, err := x.IndexJobs(ctx)
	if err != nil {
		return "", err
	}
	for i := range jobs {
		if jobs[i].Kind == fhir.IndexRebuild && jobs[i].Open() {
			return fmt.Sprintf("the search index is being built anew, %d %% are done; reads and writes are served, searches as far as it goes\n", jobs[i].Percent()), nil
		}
	}
	return "", nil
}

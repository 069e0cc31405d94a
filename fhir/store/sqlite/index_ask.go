package sqlite

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

var _ fhir.Indexer = (*Store)(nil)

// maxJobs is how many jobs may wait.
const maxJobs = 50

// Reindex implements fhir.Indexer.
func (s *Store) Reindex(ctx context.Context, what fhir.Reindex) (*fhir.IndexJob, error) {
	if err := s.admission.enter(ctx); err != nil {
		return nil, err
	}
	defer s.admission.leave()
	var job *indexJob
	err := s.writer.exclusive(ctx.Done(), func() (err error) {
		job, err = s.writer.reindex(what)
		return err
	})
	switch {
	case errors.Is(err, errGivenUp):
		return nil, givenUp(ctx.Err())
	case err != nil:
		return nil, asOutcome(err)
	}
	s.wake()
	shown := job.shown()
	return &shown, nil
}

// reindex queues a job, unless one like it waits already.
func (w *writer) reindex(what fhir.Reindex) (*indexJob, error) {
	types, err := w.typesOf(what)
	if err != nil {
		return nil, err
	}
	job := &indexJob{kind: kindRepair, url: what.Parameter, words: what.Parameter == "" && len(what.Types) == 0}
	if job.types, err = w.walk(types); err != nil {
		return nil, err
	}
	if what.Parameter != "" {
		if job, err := w.pendingJob(what.Parameter); job != nil || err != nil {
			return job, err
		}
	}
	open, err := w.conn.jobs(openJobs)
	if err != nil {
		return nil, err
	}
	for _, other := range open {
		if other.kind == kindRepair && other.state == stateQueued && other.url == job.url && other.words == job.words && other.covers(job) {
			return other, nil
		}
	}
	if len(open) >= maxJobs {
		o := fhir.Errorf(fhir.Throttled, "%d jobs on the search index are waiting; try again when some of them are done", len(open))
		o.RetryAfter = time.Minute
		return nil, o
	}
	return job, w.insertJob(job)
}

// typesOf gives the resource types that are asked for.
func (w *writer) typesOf(what fhir.Reindex) (map[string]bool, error) {
	types, params := make(map[string]bool), w.store.options.Params
	if what.Parameter != "" {
		def := params.Definition(what.Parameter)
		if def == nil {
			return nil, fhir.NewOutcome(fhir.NotFound, "no search parameter with this url is in force")
		}
		for _, typ := range params.Types(def) {
			types[typ] = len(what.Types) == 0 || slices.Contains(what.Types, typ)
		}
	} else {
		for _, typ := range what.Types {
			types[typ] = true
		}
		if len(what.Types) == 0 {
			if err := w.conn.each("SELECT text FROM dictionary WHERE kind = ?", func(stmt *sqlite.Stmt) error {
				types[stmt.ColumnText(0)] = true
				return nil
			}, typeName); err != nil {
				return nil, err
			}
		}
	}
	for typ, wanted := range types {
		if !wanted {
			delete(types, typ)
		}
	}
	return types, nil
}

// pendingJob finds the job that gives a parameter its first index.
func (w *writer) pendingJob(url string) (*indexJob, error) {
	list, err := w.parameters()
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.def.URL == url && !p.complete {
			return w.conn.oneJob("WHERE id = ?", p.job)
		}
	}
	return nil, nil
}

// covers reports whether a job is about all that another one is about.
func (j *indexJob) covers(other *indexJob) bool {
	return !slices.ContainsFunc(other.types, func(t jobType) bool { return !slices.Contains(j.types, t) })
}

// IndexJobs implements fhir.Indexer.
func (s *Store) IndexJobs(ctx context.Context) ([]fhir.IndexJob, error) {
	var list []*indexJob
	if err := s.snapshot(ctx, func(r reader) (err error) {
		list, err = r.conn.jobs("ORDER BY id DESC")
		return asOutcome(err)
	}); err != nil {
		return nil, err
	}
	shown := make([]fhir.IndexJob, len(list))
	for i, j := range list {
		shown[i] = j.shown()
	}
	return shown, nil
}

// generation reads the store's generation.
func (c *conn) generation() (generation int64, err error) {
	err = c.each("SELECT value FROM setting WHERE name = ?", func(stmt *sqlite.Stmt) error {
		generation, err = strconv.ParseInt(stmt.ColumnText(0), 10, 64)
		return err
	}, generationSetting)
	return generation, err
}

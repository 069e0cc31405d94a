package sqlite

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// portion is a step of a job: resources in the order of n, and what is to be indexed of them. It is worked out on a snapshot,
// beside requests, and written in one transaction, which takes the writer for some milliseconds.
//
// Two things hold at any time for what a job fills. Behind its place, rows are what the resources give. Ahead of it there is
// no row that the resource does not give, though rows may be missing: an update writes what differs from the version before, as
// it does everywhere.
type portion struct {
	job        *indexJob
	generation int64
	slots      map[string]bool // keys of the slots that are filled; nil = all
	rows       []portionRow
	end        bool // there are no more resources of the type
}

// portionRow is a resource of a portion.
type portionRow struct {
	rid, seq int64
	body     string
	typ      string
	values   *search.Values
	words    string
}

const (
	errLeased    = constError("another process works on the job")
	errEnough    = constError("the portion is large enough")
	portionBytes = 8 << 20 // of resources in a portion, the last one aside
	searchStep   = 8       // resources that a goroutine takes at once
)

// portion reads the next step of the job that is next in turn; nil = there is no job, or it has not been started.
func (s *Store) portion(ctx context.Context, size, workers int) (p *portion, job *indexJob, err error) {
	c, err := s.readers.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer s.readers.put(c)
	generation := s.options.Params.Generation() // before the snapshot: what is newer than it makes the portion void
	if err := c.begin(); err != nil {
		return nil, nil, err
	}
	defer c.end()
	if job, err = c.nextJob(); err != nil || job == nil {
		return nil, nil, err
	}
	if s.leased(job) {
		return nil, job, errLeased
	}
	if job.state == stateQueued || job.place == len(job.types) {
		return nil, job, nil
	}
	p = &portion{job: job, generation: generation}
	if p.slots, err = s.slotsOf(c, job); err != nil {
		return nil, job, err
	}
	r := reader{s, c}
	t := job.types[job.place]
	typ, err := s.names.id(c, typeName, t.Type)
	if err != nil {
		return nil, job, err
	}
	bytes := 0
	err = r.eachRow(typ, job.n, t.Last, size, func(rid, seq int64, body string) error {
		p.rows = append(p.rows, portionRow{rid: rid, seq: seq, body: strings.Clone(body), typ: t.Type})
		if bytes += len(body); bytes > portionBytes {
			return errEnough
		}
		return nil
	})
	if p.end = err == nil && len(p.rows) < size; errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil {
		err = p.work(s, workers)
	}
	return p, job, err
}

// eachRow calls fn with current resources of a type from after n up to last, at most size of them, until it fails.
func (r *reader) eachRow(typ, n, last int64, size int, fn func(rid, seq int64, body string) error) error {
	return r.conn.each("SELECT c.rid, c.seq, v.body FROM current c CROSS JOIN version v ON v.seq = c.seq WHERE c.rid > ? AND c.rid <= ? AND c.deleted = 0 ORDER BY c.rid LIMIT ?", func(stmt *sqlite.Stmt) error {
		return fn(stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnText(2))
	}, rid(typ, n), rid(typ, last), size)
}

// slotsOf gives the keys of the slots that a job fills; nil = all.
func (s *Store) slotsOf(c *conn, job *indexJob) (keys map[string]bool, err error) {
	params, typ := s.options.Params, job.types[job.place].Type
	keys = make(map[string]bool)
	switch job.kind {
	case kindRebuild:
		return nil, nil
	case kindParameter:
		official, _ := params.Keys(typ)
		ids := make(map[string]bool)
		if err := c.each("SELECT id FROM parameter WHERE job = ?", func(stmt *sqlite.Stmt) error {
			ids[stmt.ColumnText(0)] = true
			return nil
		}, job.id); err != nil {
			return nil, err
		}
		for _, custom := range params.Custom() {
			if ids[custom.ID] {
				maps.Copy(keys, params.KeysOf(custom.Def, typ))
			}
		}
		maps.DeleteFunc(keys, func(key string, _ bool) bool { return official[key] })
	default:
		err = c.each("SELECT key FROM spare WHERE state = 'next'", func(stmt *sqlite.Stmt) error {
			if key := stmt.ColumnText(0); strings.HasPrefix(key, typ+" ") {
				keys[key] = true
			}
			return nil
		})
	}
	return keys, err
}

// work computes the index values of the rows, on several goroutines if there are workers.
func (p *portion) work(s *Store, workers int) error {
	workers = min(workers, runtime.GOMAXPROCS(0), len(p.rows)/searchStep+1)
	var next atomic.Int64
	var wg sync.WaitGroup
	panics := make([]error, workers)
	for worker := range workers {
		wg.Go(func() {
			defer func() { panics[worker] = fhir.Recovered(recover()) }()
			for {
				from := int(next.Add(searchStep)) - searchStep
				if from >= len(p.rows) {
					return
				}
				for i := from; i < min(from+searchStep, len(p.rows)); i++ {
					p.values(s, &p.rows[i])
				}
			}
		})
	}
	wg.Wait()
	return firstError(panics...)
}

// values computes what is to be indexed of a row. The resource has neither version nor time: what is indexed follows from the
// text alone.
func (p *portion) values(s *Store, row *portionRow) {
	r := fhir.Stored(row.typ, idOf(row.body, row.typ), "", timeOf(0), row.body)
	row.values = s.options.Params.ValuesIn(p.slots, r)
	if p.job.words {
		row.words = s.wordsOf(r)
	}
}

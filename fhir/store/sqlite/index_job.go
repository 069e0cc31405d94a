package sqlite

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// indexJob is a row of table index_job.
type indexJob struct {
	id             int64
	kind, url      string // url: of the search parameters it is about, with a space between them; "" = all
	words          bool
	types          []jobType
	place          int   // in types
	n              int64 // how far the walk through types[place] is
	state          string
	created, ended int64
	owner          string
	lease          int64
}

// jobType is a resource type to be walked, up to the newest resource that there was when the job was made: those that came
// later were indexed when they were written.
type jobType struct {
	Type string `json:"type"`
	Last int64  `json:"last"`
}

// Kinds and states of table index_job.
const (
	kindParameter = "parameter"
	kindRepair    = "repair"
	kindRebuild   = "rebuild"

	stateQueued    = "queued"
	stateRunning   = "running"
	stateComplete  = "complete"
	stateCancelled = "cancelled"
)

const jobColumns = "SELECT id, kind, url, words, types, place, n, state, created, ended, owner, lease FROM index_job "

// jobs reads jobs.
func (c *conn) jobs(where string, args ...any) (list []*indexJob, err error) {
	err = c.each(jobColumns+where, func(stmt *sqlite.Stmt) error {
		j := &indexJob{id: stmt.ColumnInt64(0), kind: stmt.ColumnText(1), url: stmt.ColumnText(2), words: stmt.ColumnBool(3), place: stmt.ColumnInt(5), n: stmt.ColumnInt64(6),
			state: stmt.ColumnText(7), created: stmt.ColumnInt64(8), ended: stmt.ColumnInt64(9), owner: stmt.ColumnText(10), lease: stmt.ColumnInt64(11)}
		if err := json.Unmarshal([]byte(stmt.ColumnText(4)), &j.types); err != nil {
			return fmt.Errorf("job %d: %w", j.id, err)
		}
		list = append(list, j)
		return nil
	}, args...)
	return list, err
}

// openJobs orders what is to be done: first what keeps searches from being answered.
const openJobs = "WHERE state IN ('queued', 'running') ORDER BY kind <> 'rebuild', id"

// nextJob is the job to work on; nil = there is none.
func (c *conn) nextJob() (*indexJob, error) { return c.oneJob(openJobs + " LIMIT 1") }

// gapJob is the job that leaves a gap in the index until it is done.
func (c *conn) gapJob() (*indexJob, error) {
	return c.oneJob("WHERE words = 1 AND (state = 'running' OR state = 'queued' AND kind = 'rebuild') ORDER BY kind <> 'rebuild', id LIMIT 1")
}

func (c *conn) oneJob(where string, args ...any) (*indexJob, error) {
	list, err := c.jobs(where, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// keptJobs is how many jobs are remembered.
const keptJobs = 100

// walk gives the types of a job in their order: those with few resources first. Types without any are left out.
func (w *writer) walk(types map[string]bool) ([]jobType, error) {
	list := []jobType{}
	for typ := range types {
		number, err := w.store.names.id(w.conn, typeName, typ)
		if err != nil {
			return nil, err
		}
		if number == 0 {
			continue
		}
		last, err := w.conn.lastN(number)
		if err != nil {
			return nil, err
		}
		if last > 0 {
			list = append(list, jobType{typ, last})
		}
	}
	slices.SortFunc(list, func(a, b jobType) int { return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.Type, b.Type)) })
	return list, nil
}

// insertJob queues a job. One without any resource is complete.
func (w *writer) insertJob(j *indexJob) error {
	j.state, j.created = stateQueued, w.counters.now
	if len(j.types) == 0 {
		j.state, j.ended = stateComplete, j.created
	}
	text, err := json.Marshal(j.types)
	if err != nil {
		return err
	}
	if err := w.conn.exec("INSERT INTO index_job (kind, url, words, types, place, n, state, created, ended, owner, lease) VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?, '', 0)",
		j.kind, j.url, j.words, string(text), j.state, j.created, j.ended); err != nil {
		return err
	}
	j.id = w.conn.LastInsertRowID()
	return w.conn.exec("DELETE FROM index_job WHERE id <= ? AND state IN ('complete', 'cancelled')", j.id-keptJobs)
}

// lastN is the newest n of a type, as the running transaction has it.
func (c *conn) lastN(typ int64) (int64, error) { return number(c.newestN, rid(typ, 0), rid(typ+1, 0)) }

// parameterJob finds or makes the job that fills the slots of parameters for some types. It returns 0 where none of them has a
// resource.
func (w *writer) parameterJob(types map[string]bool) (int64, error) {
	waiting, err := w.conn.jobs("WHERE kind = 'parameter' AND state = 'queued'")
	if err != nil {
		return 0, err
	}
	for _, j := range waiting {
		for _, t := range j.types {
			types[t.Type] = true
		}
		// It has done nothing yet, so it can make way for one that does both.
		if err := w.conn.exec("DELETE FROM index_job WHERE id = ?", j.id); err != nil {
			return 0, err
		}
	}
	j := &indexJob{kind: kindParameter}
	if j.types, err = w.walk(types); err != nil || len(j.types) == 0 {
		return 0, err
	}
	if err := w.insertJob(j); err != nil {
		return 0, err
	}
	for _, old := range waiting {
		if err := w.conn.exec("UPDATE parameter SET job = ? WHERE job = ?", j.id, old.id); err != nil {
			return 0, err
		}
	}
	return j.id, nil
}

// urls are the search parameters that the job is about; none = all.
func (j *indexJob) urls() []string { return strings.Fields(j.url) }

// progress is how much of the walk is done.
func (j *indexJob) progress() (done, total int64) {
	for i, t := range j.types {
		total += t.Last
		switch {
		case i < j.place || j.state == stateComplete:
			done += t.Last
		case i == j.place:
			done += min(j.n, t.Last)
		}
	}
	return done, total
}

func (j *indexJob) percent() int {
	done, total := j.progress()
	if total == 0 {
		return 100
	}
	return int(done * 100 / total)
}

// gap says what is missing until the job is done.
func (j *indexJob) gap() *gap {
	g := &gap{types: make(map[string]bool), slots: j.kind == kindRebuild}
	for _, t := range j.types[j.place:] {
		g.types[t.Type] = true
	}
	g.percent.Store(int32(j.percent()))
	return g
}

// ahead reports whether the walk has yet to come to a resource.
func (j *indexJob) ahead(typ string, n int64) bool {
	i := slices.IndexFunc(j.types, func(t jobType) bool { return t.Type == typ })
	return i > j.place && n <= j.types[i].Last || i >= 0 && i == j.place && n > j.n && n <= j.types[i].Last
}

// shown is the job as others see it.
func (j *indexJob) shown() fhir.IndexJob {
	out := fhir.IndexJob{ID: strconv.FormatInt(j.id, 10), Kind: fhir.IndexJobKind(j.kind), State: fhir.IndexJobState(j.state), Created: timeOf(j.created)}
	if j.ended != 0 {
		out.Ended = timeOf(j.ended)
	}
	out.Parameters = j.urls()
	for i, t := range j.types {
		part := fhir.IndexProgress{Type: t.Type, Total: t.Last}
		switch {
		case i < j.place || j.state == stateComplete:
			part.Done = t.Last
		case i == j.place:
			part.Done = min(j.n, t.Last)
		}
		out.Types = append(out.Types, part)
	}
	return out
}

package mongo

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	indexStep  = 200                    // resources of a step
	leaseTime  = 5 * time.Second        // how long a job stays with the process that has done its last step
	lookEvery  = time.Second            // how often to look what other processes have changed
	restBeside = 4                      // how many times as long as it worked a job rests beside requests
	leastRest  = 5 * time.Millisecond   //
	waitLeased = 100 * time.Millisecond // before looking again at a job that another process has
)

var _ fhir.Indexer = (*Store)(nil)

// Reindex implements fhir.Indexer.
func (s *Store) Reindex(ctx context.Context, what fhir.Reindex) (*fhir.IndexJob, error) {
	types := make(map[string]bool)
	var urls []string
	if what.Parameter != "" {
		def := s.options.Params.Definition(what.Parameter)
		if def == nil {
			return nil, fhir.NewOutcome(fhir.NotFound, "no search parameter with this url is in force")
		}
		urls = []string{what.Parameter}
		for _, typ := range s.options.Params.Types(def) {
			types[typ] = true
		}
	} else {
		for _, typ := range s.options.Params.Spec().Resources() {
			types[typ] = true
		}
	}
	if len(what.Types) > 0 {
		for typ := range types {
			keep := false
			for _, named := range what.Types {
				keep = keep || named == typ
			}
			if !keep {
				delete(types, typ)
			}
		}
	}
	whole := len(what.Types) == 0 && len(urls) == 0
	var job *indexJob
	err := s.turn(ctx, func(c *commit) error {
		for typ := range types {
			t, err := c.walk(typ)
			if err != nil {
				return err
			}
			if t.Total == 0 {
				delete(types, typ)
			}
		}
		list, err := c.jobs(c.ctx)
		if err != nil {
			return err
		}
		for _, j := range list {
			if j.State == string(fhir.IndexQueued) && strings.Join(j.URLs, " ") == strings.Join(urls, " ") && j.Whole == whole && j.covers(types) {
				job = j
				return errNothing
			}
		}
		id, err := c.insert(&indexJob{Kind: string(fhir.IndexRepair), URLs: urls, Whole: whole}, types)
		if err != nil {
			return err
		}
		job = &indexJob{ID: id}
		return nil
	})
	if err != nil {
		return nil, err
	}
	jobs, err := s.IndexJobs(ctx)
	for i := range jobs {
		if jobs[i].ID == jobID(job.ID) {
			return &jobs[i], err
		}
	}
	return nil, errors.Join(err, fhir.NewOutcome(fhir.NotFound, "the job is gone"))
}

// IndexJobs implements fhir.Indexer.
func (s *Store) IndexJobs(ctx context.Context) (shown []fhir.IndexJob, err error) {
	err = s.snapshot(ctx, s.db, func(r *reader) error {
		if building := s.building.Load(); building != nil {
			shown = append(shown, *building)
		}
		list, err := r.jobs(ctx)
		for _, j := range list {
			shown = append(shown, j.shown())
		}
		return err
	})
	return shown, err
}

// turn runs fn in a commit of its own, in this process's turn.
func (s *Store) turn(ctx context.Context, fn func(*commit) error) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	j := &job{turn: make(chan struct{}), finished: make(chan struct{})}
	if err := s.writer.send(ctx, j); err != nil {
		return err
	}
	defer close(j.finished)
	select {
	case <-j.turn:
	case <-ctx.Done():
		return givenUp(ctx.Err())
	}
	err := s.transact(ctx, func(inside context.Context, session *driver.Session) error {
		c, err := s.begin(inside, session, nil)
		if err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
		return c.finish()
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return asOutcome(err)
}

// Index implements fhir.Indexer.
func (s *Store) Index(ctx context.Context) error {
	for {
		state, err := s.step(ctx)
		switch {
		case err != nil:
			return err
		case state == stepIdle:
			return s.refresh(ctx)
		case state == stepLeased:
			if err := sleep(ctx, waitLeased); err != nil {
				return givenUp(err)
			}
		}
	}
}

// IndexBeside implements fhir.Indexer.
func (s *Store) IndexBeside(ctx context.Context) {
	for ctx.Err() == nil {
		start := time.Now()
		state, err := s.step(ctx)
		rest := max(restBeside*time.Since(start), leastRest)
		if err != nil || state != stepWorked {
			rest = lookEvery
		}
		if err != nil && ctx.Err() == nil && fhir.CodeOf(err) != fhir.Transient {
			s.log.Error("the search index cannot be worked on", slog.String("cause", err.Error()))
		}
		if sleep(ctx, rest) != nil {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// What a step has come to.
const (
	stepIdle = iota
	stepWorked
	stepLeased // another process is at it
)

// step gives a portion of resources their index values anew: computed on a snapshot, written in a commit in which nothing of what is
// indexed has changed since, together with how far the job is.
func (s *Store) step(ctx context.Context) (state int, err error) {
	if err := s.admission.enter(ctx); err != nil {
		return stepIdle, err
	}
	defer s.admission.leave()
	if err := s.refresh(ctx); err != nil {
		return stepIdle, err
	}
	r, err := s.reader(s.db)
	if err != nil {
		return stepIdle, err
	}
	defer r.end()
	job, err := s.nextJob(ctx, r)
	if err != nil || job == nil {
		return stepIdle, err
	}
	if s.leased(job) {
		return stepLeased, nil
	}
	at := 0
	for at < len(job.Types) && job.Types[at].Place >= job.Types[at].Last {
		at++
	}
	generation := s.options.Params.Generation()
	models, err := s.portion(ctx, r, job, at)
	if err != nil {
		return stepIdle, err
	}
	err = s.turn(ctx, func(c *commit) error {
		raw, err := c.one(c.ctx, jobsName, job.ID, nil)
		if err != nil {
			return err
		}
		var now indexJob
		if raw == nil || bson.Unmarshal(raw, &now) != nil || !now.open() || c.counters.Generation != generation || at < len(now.Types) && now.Types[at].Place > job.Types[at].Place {
			return errNothing // somebody else was faster, or it means something else by now
		}
		return c.writePortion(job, at, models)
	})
	if err == nil {
		err = s.refresh(ctx)
	}
	return stepWorked, err
}

// nextJob is what to do: first what keeps searches from being answered, then the oldest.
func (s *Store) nextJob(ctx context.Context, r *reader) (next *indexJob, err error) {
	list, err := r.jobs(ctx)
	for _, j := range list {
		if j.open() && (next == nil || next.Kind != string(fhir.IndexRebuild) || j.Kind == string(fhir.IndexRebuild)) {
			next = j
		}
	}
	return next, err
}

// portion computes the next values, and moves the place of the job behind them.
func (s *Store) portion(ctx context.Context, r *reader, j *indexJob, at int) (models []driver.WriteModel, err error) {
	if at == len(j.Types) {
		return nil, nil
	}
	t := j.Types[at]
	n := 0
	var built error
	err = r.find(ctx, t.Type, bson.D{field("n", bson.D{field("$gt", t.Place), field("$lte", t.Last)})}, func(raw bson.Raw) error {
		got, err := readRow(raw)
		if err != nil {
			return asOutcome(err)
		}
		n, t.Place = n+1, got.n
		if got.deleted {
			return nil
		}
		var elements []byte
		if elements, built = appendIndex(nil, s.options.Params, got.resource(t.Type)); built != nil {
			return fhir.Internal(built)
		}
		doc := appendDocument(elements)
		models = append(models, driver.NewUpdateOneModel().SetFilter(bson.D{field("_id", got.id), field("vid", got.vid)}).SetUpdate(bson.D{field("$set", bson.Raw(doc))}))
		return nil
	}, options.Find().SetSort(bson.D{field("n", 1)}).SetLimit(indexStep).SetProjection(content()))
	if n < indexStep {
		t.Place, t.Done = t.Last, t.Total
	} else {
		t.Done = min(t.Done+int64(n), t.Total)
	}
	j.Types[at] = t
	return models, err
}

// writePortion writes values and how far the job is, and ends it where that was the last.
func (c *commit) writePortion(j *indexJob, at int, models []driver.WriteModel) error {
	if len(models) > 0 {
		if _, err := c.db.Collection(j.Types[at].Type).BulkWrite(c.ctx, models); err != nil {
			return err
		}
	}
	j.State, j.Owner, j.Lease = string(fhir.IndexRunning), c.store.owner, time.Now().Add(leaseTime).UnixMilli()
	if at >= len(j.Types)-1 && (at == len(j.Types) || j.Types[at].Place >= j.Types[at].Last) {
		j.State, j.Ended, j.Lease = string(fhir.IndexComplete), c.now.UnixMilli(), 0
		list, err := c.parameters(c.ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Job == j.ID {
				p.Job = 0
				if _, err := c.db.Collection(parametersName).ReplaceOne(c.ctx, bson.D{field("_id", p.ID)}, p); err != nil {
					return err
				}
				c.counters.Generation++
			}
		}
	}
	_, err := c.db.Collection(jobsName).ReplaceOne(c.ctx, bson.D{field("_id", j.ID)}, j)
	return err
}

// appendDocument makes a document of elements.
func appendDocument(elements []byte) []byte {
	doc := append(make([]byte, 4, len(elements)+5), elements...)
	doc, err := endDocument(doc, 0)
	if err != nil {
		return nil
	}
	return doc
}

// newOwner makes a name for this store in this process on this machine.
func newOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + " " + strconv.Itoa(os.Getpid()) + " " + strconv.FormatInt(time.Now().UnixNano(), 36)
}

// leased reports whether another process is at a job: its lease has not ended, and it has not died on this machine in between. Two
// processes at one job do each other no harm, it is work for nothing.
func (s *Store) leased(j *indexJob) bool {
	if j.Owner == s.owner || j.Lease <= time.Now().UnixMilli() {
		return false
	}
	mine, theirs := strings.Fields(s.owner), strings.Fields(j.Owner)
	if len(theirs) != 3 || theirs[0] != mine[0] {
		return true
	}
	pid, err := strconv.Atoi(theirs[1])
	if err != nil {
		return true
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}

// patience is how long Open works on an index that another version of the program has written: a small store is up to date then.
const patience = 2 * time.Second

// catchUp takes over what is in force, and makes the job that builds an index anew which another version of the program has written.
func (s *Store) catchUp(ctx context.Context) error {
	if !s.foreignIndex {
		return s.refresh(ctx)
	}
	err := s.turn(ctx, func(c *commit) error {
		types := make(map[string]bool)
		for _, typ := range s.options.Params.Spec().Resources() {
			types[typ] = true
		}
		if _, err := c.insertJob(fhir.IndexRebuild, nil, types); err != nil {
			return err
		}
		_, err := c.db.Collection(stateName).UpdateOne(c.ctx, bson.D{field("_id", "schema")}, bson.D{field("$set", bson.D{field("index", search.IndexVersion)})})
		return err
	})
	if err != nil {
		return err
	}
	s.log.Info("the search index was written by another version of the program; the store is indexed anew")
	working, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.Index(working); err != nil && working.Err() == nil {
		return err
	}
	return s.refresh(ctx)
}

package mongo

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const jobsName = "jobs"

// indexJob is work on the index: resources of some types get their index values anew. A resource that is written meanwhile gets
// them by itself.
type indexJob struct {
	ID      int64     `bson:"_id"`
	Kind    string    `bson:"kind"`
	URLs    []string  `bson:"urls"`  // of the search parameters it is about; none = all
	Whole   bool      `bson:"whole"` // it was asked for without naming any
	Types   []jobType `bson:"types"`
	State   string    `bson:"state"`
	Created int64     `bson:"created"` // milliseconds
	Ended   int64     `bson:"ended"`
	Owner   string    `bson:"owner"` // the process that is at it
	Lease   int64     `bson:"lease"` // until when
}

// jobType is a type to be walked in the order of n, up to the newest resource that there was when the job was made.
type jobType struct {
	Type  string `bson:"type"`
	Last  int64  `bson:"last"`
	Place int64  `bson:"place"`
	Done  int64  `bson:"done"`
	Total int64  `bson:"total"`
}

func (j *indexJob) open() bool {
	return j.State == string(fhir.IndexQueued) || j.State == string(fhir.IndexRunning)
}

func (j *indexJob) shown() fhir.IndexJob {
	out := fhir.IndexJob{ID: jobID(j.ID), Kind: fhir.IndexJobKind(j.Kind), State: fhir.IndexJobState(j.State), Parameters: j.URLs, Created: time.UnixMilli(j.Created).UTC()}
	for _, t := range j.Types {
		out.Types = append(out.Types, fhir.IndexProgress{Type: t.Type, Done: t.Done, Total: t.Total})
	}
	if j.Ended != 0 {
		out.Ended = time.UnixMilli(j.Ended).UTC()
	}
	return out
}

func (j *indexJob) percent() int {
	shown := j.shown()
	return shown.Percent()
}

// covers reports whether a job does all that another one would.
func (j *indexJob) covers(types map[string]bool) bool {
	for typ := range types {
		if !slices.ContainsFunc(j.Types, func(t jobType) bool { return t.Type == typ }) {
			return false
		}
	}
	return true
}

// jobs lists all jobs, newest first.
func (r *reader) jobs(ctx context.Context) (list []*indexJob, err error) {
	err = r.find(ctx, jobsName, bson.D{}, func(raw bson.Raw) error {
		j := &indexJob{}
		list = append(list, j)
		return bson.Unmarshal(raw, j)
	}, options.Find().SetSort(bson.D{field("_id", -1)}).SetLimit(shownJobs))
	return list, asOutcome(err)
}

// shownJobs is how many jobs are looked at; those that are open are the newest.
const shownJobs = 200

// insertJob makes a job for types; 0 = none of them has any resource.
func (c *commit) insertJob(kind fhir.IndexJobKind, urls []string, types map[string]bool) (int64, error) {
	return c.insert(&indexJob{Kind: string(kind), URLs: urls}, types)
}

func (c *commit) insert(j *indexJob, types map[string]bool) (int64, error) {
	j.State, j.Created = string(fhir.IndexQueued), c.now.UnixMilli()
	for _, typ := range sortedNames(types) {
		t, err := c.walk(typ)
		if err != nil {
			return 0, err
		}
		if t.Total > 0 {
			j.Types = append(j.Types, t)
		}
	}
	if len(j.Types) == 0 && j.Kind != string(fhir.IndexRepair) {
		return 0, nil
	}
	c.counters.Jobs++
	j.ID = c.counters.Jobs
	if len(j.Types) == 0 {
		j.State, j.Ended = string(fhir.IndexComplete), j.Created
	}
	_, err := c.db.Collection(jobsName).InsertOne(c.ctx, j)
	return j.ID, err
}

// walk says what there is to walk of a type: what this commit writes is indexed already.
func (c *commit) walk(typ string) (t jobType, err error) {
	t = jobType{Type: typ}
	err = c.aggregate(c.ctx, typ, bson.A{bson.D{field("$match", bson.D{})}, bson.D{field("$group", bson.D{field("_id", nil), field("count", bson.D{field("$sum", 1)})})}}, func(raw bson.Raw) error {
		t.Total, _ = raw.Lookup("count").AsInt64OK()
		return nil
	})
	if err != nil || t.Total == 0 {
		return t, err
	}
	err = c.find(c.ctx, typ, bson.D{}, func(raw bson.Raw) error {
		t.Last, _ = raw.Lookup("n").AsInt64OK()
		return nil
	}, options.Find().SetSort(bson.D{field("n", -1)}).SetLimit(1).SetProjection(bson.D{field("n", 1)}))
	return t, err
}

// cancelJobs ends jobs whose parameters are gone.
func (c *commit) cancelJobs(after map[string]*parameter) error {
	list, err := c.jobs(c.ctx)
	if err != nil {
		return err
	}
	for _, j := range list {
		wanted := j.Kind != string(fhir.IndexParameter)
		for _, p := range after {
			wanted = wanted || p.Job == j.ID
		}
		if j.open() && !wanted {
			j.State, j.Ended = string(fhir.IndexCancelled), c.now.UnixMilli()
			if _, err := c.db.Collection(jobsName).ReplaceOne(c.ctx, bson.D{field("_id", j.ID)}, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// note tells those who ask why a parameter is not served how far its index is, and remembers the job that leaves a gap in the index.
func (s *Store) note(jobs []*indexJob) {
	var gap *indexJob
	for _, j := range jobs {
		if !j.open() {
			continue
		}
		if j.Kind == string(fhir.IndexRebuild) {
			gap = j
		}
		for _, url := range j.URLs {
			s.options.Params.SetProgress(url, j.percent())
		}
	}
	s.gap.Store(gap)
}

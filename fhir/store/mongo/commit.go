package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// commitState is the document that every commit changes. So commits come one after another, in all processes: the numbers that it gives
// have no gaps, none becomes visible before a smaller one, and no commit goes by what another has changed meanwhile.
const commitState = "commit"

type commitCounters struct {
	Commits int64  `bson:"commits"`
	Seq     int64  `bson:"seq"` // of the newest version
	At      int64  `bson:"at"`  // its time, in milliseconds
	Entries int64  `bson:"entries"`
	Hash    []byte `bson:"hash"` // of the newest entry of the journal
	Knocks  int64  `bson:"knocks"`

	Generation int64 `bson:"generation"` // counts changes in what is indexed
	Jobs       int64 `bson:"jobs"`       // on the index, so far
}

// commit is a transaction in the making.
type commit struct {
	*reader
	ctx      context.Context
	counters commitCounters
	before   map[string]int64 // how often the guards had been taken
	now      time.Time        // of its versions: never against the commit order

	current map[string]*pending // by type and id
	order   []string
	batches map[string][]any // documents to be inserted, by collection
	records map[recordName]*storedRecord

	defines []definition // of search parameters
	settled bool         // they change what is indexed
}

// pending is a current version that has yet to be written.
type pending struct {
	typ     string
	row     row
	tail    []byte
	created bool // there is no document yet
}

// begin takes the guards, sorted, and then the counters. Whoever comes second to any of them conflicts.
func (s *Store) begin(ctx context.Context, session *driver.Session, guards []string) (*commit, error) {
	c := &commit{reader: &reader{store: s, db: s.db, session: session}, ctx: ctx, before: make(map[string]int64), current: make(map[string]*pending),
		batches: make(map[string][]any), records: make(map[recordName]*storedRecord)}
	if err := c.takeGuards(guards); err != nil {
		return nil, err
	}
	err := s.db.Collection(stateName).FindOneAndUpdate(ctx, bson.D{{Key: "_id", Value: commitState}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "commits", Value: int64(1)}}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&c.counters)
	if errors.Is(err, driver.ErrNoDocuments) {
		err = constError("the counters of the store are gone")
	}
	c.now = time.UnixMilli(max(c.counters.At, s.options.Now().UnixMilli())).UTC()
	return c, err
}

func (c *commit) takeGuards(guards []string) error {
	if len(guards) == 0 {
		return nil
	}
	models, ids := make([]driver.WriteModel, len(guards)), make(bson.A, len(guards))
	at := c.store.options.Now().UnixMilli()
	for i, guard := range guards {
		models[i] = driver.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: guard}}).SetUpsert(true).
			SetUpdate(bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: int64(1)}}}, {Key: "$set", Value: bson.D{{Key: "at", Value: bson.DateTime(at)}}}})
		ids[i] = guard
	}
	collection := c.db.Collection(guardsName)
	if _, err := collection.BulkWrite(c.ctx, models, options.BulkWrite().SetOrdered(true)); err != nil {
		return err
	}
	cursor, err := collection.Find(c.ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	return drain(c.ctx, cursor, err, func(raw bson.Raw) error {
		n, _ := raw.Lookup("n").AsInt64OK()
		c.before[raw.Lookup("_id").StringValue()] = n - 1
		return nil
	})
}

// put adds a version, after the one that is current.
func (c *commit) put(w *write) {
	c.counters.Seq++
	c.counters.At = c.now.UnixMilli()
	w.version.LastUpdated = c.now
	r := row{id: w.id, vid: w.old.vid + 1, seq: c.counters.Seq, n: w.old.n, at: c.now, deleted: w.version.Deleted}
	if !w.old.exists() {
		r.n = r.seq
	}
	name := w.typ + "/" + w.id
	p := c.current[name]
	if p == nil {
		p = &pending{typ: w.typ, created: !w.old.exists()}
		c.current[name], c.order = p, append(c.order, name)
	}
	p.row, p.tail = r, w.tail
	doc, err := appendVersion(make([]byte, 0, len(w.content)+256), &r, w.content)
	if err != nil {
		doc = nil // it cannot: prepare has built the content
	}
	c.batches[w.typ+historySuffix] = append(c.batches[w.typ+historySuffix], bson.Raw(doc))
	if w.typ == searchParameter {
		c.defines = append(c.defines, definition{w.id, w.body, w.def})
	}
	c.batches[eventsName] = append(c.batches[eventsName], &outboxEvent{Seq: r.seq, Type: w.typ, ID: w.id, Vid: r.vid, At: c.now.UnixMilli(), Method: methodOf(w.version)})
}

// appendEntry gives an entry of the journal its number and its hash.
func (c *commit) appendEntry(e *fhir.JournalEntry) {
	at := e.Time
	if at.IsZero() {
		at = c.now
	}
	e.Seq, e.Time = c.counters.Entries+1, time.UnixMicro(at.UnixMicro()).UTC()
	e.Hash = fhir.JournalHash(c.store.options.JournalKey, c.counters.Hash, e)
	c.counters.Entries, c.counters.Hash = e.Seq, e.Hash
	c.batches[journalName] = append(c.batches[journalName], &storedEntry{Seq: e.Seq, Time: e.Time.UnixMicro(), Keys: e.Keys, Body: e.Body, Hash: e.Hash})
}

// flush writes what has been added: one round trip for each collection, more where there is much.
func (c *commit) flush() error {
	models := make(map[string][]driver.WriteModel)
	for _, name := range c.order {
		p := c.current[name]
		doc, err := appendCurrent(make([]byte, 0, len(p.tail)+256), &p.row, p.tail)
		if err != nil {
			return err
		}
		if p.created {
			models[p.typ] = append(models[p.typ], driver.NewInsertOneModel().SetDocument(bson.Raw(doc)))
		} else {
			models[p.typ] = append(models[p.typ], driver.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: p.row.id}}).SetReplacement(bson.Raw(doc)))
		}
	}
	for n, r := range c.records {
		filter := bson.D{{Key: "_id", Value: n.id()}}
		if r.Version == 0 {
			models[recordsName] = append(models[recordsName], driver.NewDeleteOneModel().SetFilter(filter))
		} else {
			models[recordsName] = append(models[recordsName], driver.NewReplaceOneModel().SetFilter(filter).SetReplacement(r).SetUpsert(true))
		}
	}
	for _, name := range sortedNames(models) {
		if _, err := c.db.Collection(name).BulkWrite(c.ctx, models[name], options.BulkWrite().SetOrdered(true)); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(c.batches) {
		if _, err := c.db.Collection(name).InsertMany(c.ctx, c.batches[name]); err != nil {
			return err
		}
	}
	clear(c.current)
	clear(c.batches)
	clear(c.records)
	c.order = c.order[:0]
	return nil
}

// sortedNames gives collections in an order of their own, so that two processes take them alike.
func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// finish writes everything and the counters.
func (c *commit) finish() error {
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.settle(); err != nil {
		return err
	}
	k := &c.counters
	_, err := c.db.Collection(stateName).UpdateOne(c.ctx, bson.D{{Key: "_id", Value: commitState}}, bson.D{{Key: "$set", Value: bson.D{
		{Key: "seq", Value: k.Seq}, {Key: "at", Value: k.At}, {Key: "entries", Value: k.Entries}, {Key: "hash", Value: k.Hash},
		{Key: "generation", Value: k.Generation}, {Key: "jobs", Value: k.Jobs}}}})
	return err
}

// verifyBatch is how many documents are looked at in one round trip.
const verifyBatch = 1000

// currentVersions gives the version numbers of resources as the transaction sees them.
func (c *commit) currentVersions(wanted map[string][]string) (map[string]int64, error) {
	found := make(map[string]int64)
	for _, typ := range sortedNames(wanted) {
		for ids := range slices.Chunk(wanted[typ], verifyBatch) {
			cursor, err := c.db.Collection(typ).Find(c.ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find().SetProjection(bson.D{{Key: "vid", Value: 1}}))
			if err := drain(c.ctx, cursor, err, func(raw bson.Raw) error {
				vid, _ := raw.Lookup("vid").AsInt64OK()
				found[typ+"/"+raw.Lookup("_id").StringValue()] = vid
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// recordVersions does the same for records.
func (c *commit) recordVersions(names []recordName) (map[string]int64, error) {
	found := make(map[string]int64)
	for chunk := range slices.Chunk(names, verifyBatch) {
		ids := make([]string, len(chunk))
		for i, n := range chunk {
			ids[i] = n.id()
		}
		cursor, err := c.db.Collection(recordsName).Find(c.ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find().SetProjection(bson.D{{Key: "version", Value: 1}}))
		if err := drain(c.ctx, cursor, err, func(raw bson.Raw) error {
			found[raw.Lookup("_id").StringValue()], _ = raw.Lookup("version").AsInt64OK()
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// listHolds reports whether a list would be the same now. A version is that of one record only, so it stands for its key too.
func (c *commit) listHolds(l *recordList) (bool, error) {
	var versions []int64
	again := *l
	err := c.reader.records(c.ctx, &again, func(got *storedRecord) { versions = append(versions, got.Version) })
	return slices.Equal(versions, l.versions), err
}

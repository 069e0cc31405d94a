package mongo

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// reader is the reading half of every Tx: on one snapshot, or within a transaction.
type reader struct {
	store   *Store
	db      *driver.Database
	session *driver.Session
	fresh   int  // how many more snapshots may be tried: 0 = something has been read on this one, or it is that of a transaction
	alone   bool // it is on a snapshot, not within a transaction
}

// freshSnapshots is how many snapshots a reader tries until one can be read.
const freshSnapshots = 4

// reader makes a reader whose snapshot is taken with its first read.
func (s *Store) reader(db *driver.Database) (*reader, error) {
	session, err := s.client.StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return nil, asOutcome(err)
	}
	return &reader{store: s, db: db, session: session, fresh: freshSnapshots, alone: true}, nil
}

// again reports whether a read may be tried once more, on a new snapshot: the first one has failed, because a collection has just been made or
// got an index, so nothing has been seen yet.
func (r *reader) again(err error) bool {
	if r.fresh == 0 {
		return false
	}
	if r.fresh--; err == nil || !snapshotGone(err) {
		r.fresh = 0
		return false
	}
	session, err := r.store.client.StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return false
	}
	r.end()
	r.session = session
	return true
}

// unborn reports whether a read has failed because its collection was made after the snapshot: the snapshot has nothing of that type then.
// MongoDB from 7.0 on finds that out itself.
func (r *reader) unborn(ctx context.Context, collection string, err error) bool {
	if err == nil || !r.alone || !snapshotGone(err) || !readable(collection) {
		return false
	}
	state, err := r.db.Collection(stateName).FindOne(r.in(ctx), bson.D{field("_id", commitState)}, options.FindOne().SetProjection(bson.D{field("seq", 1)})).Raw()
	if err != nil {
		return false
	}
	typ := strings.TrimSuffix(collection, historySuffix)
	first, err := r.store.db.Collection(eventsName).FindOne(ctx, bson.D{field("type", typ)}, options.FindOne().SetSort(bson.D{field("_id", 1)}).SetProjection(bson.D{field("_id", 1)})).Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return true
	}
	seen, _ := state.Lookup("seq").AsInt64OK()
	n, ok := first.Lookup("_id").AsInt64OK()
	return err == nil && ok && n > seen
}

func (r *reader) end() { r.session.EndSession(context.Background()) }

func (r *reader) in(ctx context.Context) context.Context {
	return driver.NewSessionContext(ctx, r.session)
}

// find calls each with what a filter finds.
func (r *reader) find(ctx context.Context, collection string, filter bson.D, each func(bson.Raw) error, opts ...options.Lister[options.FindOptions]) error {
	if ctx.Err() != nil {
		return givenUp(ctx.Err())
	}
	if err := fits(filter); err != nil {
		return err
	}
	for {
		inside := r.in(ctx)
		cursor, err := r.db.Collection(collection).Find(inside, filter, opts...)
		if !r.again(err) {
			if r.unborn(ctx, collection, err) {
				return nil
			}
			return drain(inside, cursor, err, each)
		}
	}
}

// aggregate does the same for a pipeline.
func (r *reader) aggregate(ctx context.Context, collection string, pipeline bson.A, each func(bson.Raw) error) error {
	if ctx.Err() != nil {
		return givenUp(ctx.Err())
	}
	if err := fits(pipeline); err != nil {
		return err
	}
	for {
		inside := r.in(ctx)
		cursor, err := r.db.Collection(collection).Aggregate(inside, pipeline, options.Aggregate().SetAllowDiskUse(true))
		if !r.again(err) {
			if r.unborn(ctx, collection, err) {
				return nil
			}
			return drain(inside, cursor, err, each)
		}
	}
}

func drain(ctx context.Context, cursor *driver.Cursor, err error, each func(bson.Raw) error) error {
	if err != nil {
		return outcomeIn(ctx, err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(ctx) {
		if err := each(cursor.Current); err != nil {
			return err
		}
	}
	return outcomeIn(ctx, cursor.Err())
}

// one reads a document by its _id; nil = there is none.
func (r *reader) one(ctx context.Context, collection string, id any, projection bson.D) (bson.Raw, error) {
	if ctx.Err() != nil {
		return nil, givenUp(ctx.Err())
	}
	opts := options.FindOne()
	if projection != nil {
		opts.SetProjection(projection)
	}
	for {
		raw, err := r.db.Collection(collection).FindOne(r.in(ctx), bson.D{{Key: "_id", Value: id}}, opts).Raw()
		if errors.Is(err, driver.ErrNoDocuments) {
			err = nil
		}
		if !r.again(err) {
			if r.unborn(ctx, collection, err) {
				return nil, nil
			}
			return raw, outcomeIn(ctx, err)
		}
	}
}

// content leaves out what a resource is found by.
func content() bson.D {
	return bson.D{{Key: "idx", Value: 0}, {Key: "words", Value: 0}, {Key: "compartments", Value: 0}}
}

// readable reports whether there may be a collection for a type: names of types begin with a capital.
func readable(typ string) bool { return typ != "" && typ[0] >= 'A' && typ[0] <= 'Z' }

// row reads the current version.
func (r *reader) row(ctx context.Context, typ, id string) (row, error) {
	if !readable(typ) {
		return row{}, nil
	}
	raw, err := r.one(ctx, typ, id, content())
	if raw == nil || err != nil {
		return row{}, err
	}
	got, err := readRow(raw)
	return got, asOutcome(err)
}

// Read implements fhir.Reader.
func (r *reader) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	got, err := r.row(ctx, typ, id)
	switch {
	case err != nil:
		return nil, err
	case !got.exists():
		return nil, notFound(typ)
	case got.deleted:
		return nil, gone(typ)
	}
	return got.resource(typ), nil
}

// VRead implements fhir.Reader.
func (r *reader) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	vid, err := strconv.ParseInt(version, 10, 64)
	if err != nil || vid < 1 || version != strconv.FormatInt(vid, 10) || !readable(typ) {
		return nil, noVersion(typ)
	}
	raw, err := r.one(ctx, typ+historySuffix, versionID(id, vid), nil)
	switch {
	case err != nil:
		return nil, err
	case raw == nil:
		return nil, noVersion(typ)
	}
	got, err := readRow(raw)
	switch {
	case err != nil:
		return nil, asOutcome(err)
	case got.deleted:
		return nil, fhir.Errorf(fhir.Deleted, "this version says that the %s was deleted", typ)
	}
	return got.resource(typ), nil
}

func noVersion(typ string) error {
	return fhir.Errorf(fhir.NotFound, "there is no such version of this %s", typ)
}

// GuardCount implements fhir.Tx.
func (r *reader) GuardCount(ctx context.Context, guard string) (int64, error) {
	raw, err := r.one(ctx, guardsName, guard, nil)
	if raw == nil || err != nil {
		return 0, err
	}
	n, _ := raw.Lookup("n").AsInt64OK()
	return n, nil
}

// viewTx is the Tx of View.
type viewTx struct{ *reader }

const errReadOnly = constError("a View cannot write")

func (*viewTx) Put(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

func (*viewTx) Create(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

func (*viewTx) Delete(context.Context, string, string) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

func (*viewTx) Keep(context.Context, *fhir.Record) error { return fhir.Internal(errReadOnly) }

func (*viewTx) Drop(context.Context, string, string) error { return fhir.Internal(errReadOnly) }

func (*viewTx) Append(context.Context, ...*fhir.JournalEntry) error {
	return fhir.Internal(errReadOnly)
}

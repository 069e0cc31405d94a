package mongo

import (
	"context"
	"time"

	"andiron.dev/fhir"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

// withinTx is the Tx of an update that runs within the transaction which commits it: it sees what it has written, and nobody else
// commits meanwhile.
type withinTx struct {
	*commit
	store   *Store
	wrote   bool
	written int
	missing string // type whose collections have to be made first
	failed  error  // of the server: it has ended the transaction, whatever fn makes of that
}

// runWithin runs fn within a transaction, in this process's turn. An attempt that fails for others runs again, fn included.
func (w *writer) runWithin(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	j := &job{turn: make(chan struct{}), finished: make(chan struct{})}
	if err := w.send(ctx, j); err != nil {
		return err
	}
	defer close(j.finished)
	select {
	case <-j.turn:
	case <-ctx.Done():
		return givenUp(ctx.Err()) // the turn passes as soon as it comes
	}
	for {
		missing, err := w.tryWithin(ctx, guards, fn)
		if missing == "" {
			return err
		}
		prepare := func() error { return w.store.ensureFor(ctx, []*write{{typ: missing}}) }
		if missing == staleParameters {
			prepare = func() error { return w.store.refresh(ctx) }
		}
		if err := prepare(); err != nil {
			return asOutcome(err)
		}
	}
}

// tryWithin does so, and gives up with the name of a type whose collections are not there yet: to make them while the transaction
// looks at them would wait for it.
func (w *writer) tryWithin(ctx context.Context, guards []string, fn func(fhir.Tx) error) (missing string, err error) {
	s, start := w.store, time.Now()
	var fnErr error // it comes back as it is
	var knocks int64
	settled := false
	err = s.transact(ctx, func(inside context.Context, session *driver.Session) error {
		fnErr, missing = nil, ""
		c, err := s.begin(inside, session, guards)
		if err != nil {
			return err
		}
		knocks = c.counters.Knocks
		if c.counters.Generation != s.options.Params.Generation() {
			missing = staleParameters
			return errUnprepared
		}
		tx := &withinTx{commit: c, store: s}
		fnErr = fn(tx)
		missing = tx.missing
		switch {
		case tx.failed != nil:
			return tx.failed
		case fnErr != nil:
			return fnErr
		case !tx.wrote:
			return errNothing
		}
		err = c.finish()
		settled = c.settled
		return err
	})
	if err == nil {
		w.giveWay(knocks, time.Since(start))
	}
	if err == nil && settled {
		err = s.refresh(ctx)
	}
	switch {
	case missing != "" || err == errNothing: //nolint:errorlint // the very value
		return missing, nil
	case fnErr != nil && !isTransient(err):
		return "", fnErr
	}
	return "", asOutcome(err)
}

// staleParameters stands for search parameters that another process has changed.
const staleParameters = "(search parameters)"

// errUnprepared ends one that needs a collection which is not there.
const errUnprepared = constError("a collection has to be made first")

// errNothing ends a transaction that has nothing to commit.
const errNothing = constError("there is nothing to commit")

// check remembers an error of the server.
func (tx *withinTx) check(err error) error {
	if err == nil {
		return nil
	}
	out := asOutcome(err)
	switch fhir.CodeOf(out) {
	case fhir.NotFound, fhir.Deleted, fhir.Duplicate, fhir.Value, fhir.Invalid, fhir.NotSupported, fhir.TooCostly, fhir.TooLong:
	default:
		if tx.failed == nil {
			tx.failed = err
		}
	}
	return out
}

// seen writes what has been added, for a read that has to find it.
func (tx *withinTx) seen() error { return tx.check(tx.flush()) }

func (tx *withinTx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	r, err := tx.commit.Read(ctx, typ, id)
	return r, tx.check(err)
}

func (tx *withinTx) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	r, err := tx.commit.VRead(ctx, typ, id, version)
	return r, tx.check(err)
}

func (tx *withinTx) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	page, err := tx.commit.History(ctx, q)
	return page, tx.check(err)
}

func (tx *withinTx) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	page, err := tx.commit.Search(ctx, q)
	return page, tx.check(err)
}

// GuardCount gives the count before this update, which has taken its guards already.
func (tx *withinTx) GuardCount(ctx context.Context, guard string) (int64, error) {
	if n, taken := tx.before[guard]; taken {
		return n, nil
	}
	n, err := tx.commit.GuardCount(ctx, guard)
	return n, tx.check(err)
}

// last is the version that a write comes after.
func (tx *withinTx) last(ctx context.Context, typ, id string) (row, error) {
	if p := tx.current[typ+"/"+id]; p != nil {
		return p.row, nil
	}
	got, err := tx.row(ctx, typ, id)
	return got, tx.check(err)
}

func (tx *withinTx) write(ctx context.Context, typ, id string, r *fhir.Resource, isNew bool) (*fhir.Version, error) {
	if !tx.store.known.has(typ) || !tx.store.known.has(typ+historySuffix) {
		if r == nil && !readable(typ) {
			return nil, notFound(typ)
		}
		tx.missing, tx.failed = typ, errUnprepared
		return nil, fhir.Internal(errUnprepared)
	}
	old, err := tx.last(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	if isNew && old.exists() {
		return nil, fhir.Errorf(fhir.Duplicate, "there is or was a %s with this id already", typ)
	}
	w, err := tx.store.prepare(typ, id, r, old)
	if err != nil {
		return nil, err
	}
	if tx.written++; tx.written > maxWrites {
		return nil, tooMuch()
	}
	tx.wrote = true
	tx.put(w)
	return w.version, nil
}

func (tx *withinTx) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return tx.write(ctx, r.Type(), r.ID(), r, false)
}

func (tx *withinTx) Create(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return tx.write(ctx, r.Type(), r.ID(), r, true)
}

func (tx *withinTx) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	return tx.write(ctx, typ, id, nil, false)
}

// Record implements fhir.RecordReader.
func (tx *withinTx) Record(ctx context.Context, kind, key string) (*fhir.Record, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	r, err := tx.commit.Record(ctx, kind, key)
	return r, tx.check(err)
}

// Records implements fhir.RecordReader.
func (tx *withinTx) Records(ctx context.Context, kind, owner, after string, max int) ([]*fhir.Record, error) {
	if err := tx.seen(); err != nil {
		return nil, err
	}
	list, err := tx.commit.Records(ctx, kind, owner, after, max)
	return list, tx.check(err)
}

// Keep implements fhir.Recorder.
func (tx *withinTx) Keep(_ context.Context, r *fhir.Record) error {
	w, err := toStore(r)
	if err != nil {
		return err
	}
	tx.wrote = true
	tx.commit.records[recordName{r.Kind, r.Key}] = w
	return nil
}

// Drop implements fhir.Recorder.
func (tx *withinTx) Drop(_ context.Context, kind, key string) error {
	tx.wrote = true
	tx.commit.records[recordName{kind, key}] = &storedRecord{Kind: kind, Key: key}
	return nil
}

// Append implements fhir.Tx.
func (tx *withinTx) Append(_ context.Context, entries ...*fhir.JournalEntry) error {
	for _, e := range entries {
		tx.wrote = true
		tx.appendEntry(e)
	}
	return nil
}

package sqlite

import (
	"context"
	"strconv"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// stagedTx is the Tx of an update that runs beside others: it reads a snapshot and keeps its writes to itself until the
// writer applies them. What it cannot do that way (search or list what it has itself written) ends the attempt, and
// the update runs alone instead.
type stagedTx struct {
	reader
	ctx     context.Context
	guards  []string
	counts  map[string]int64 // guards as the snapshot has them
	writes  []*write
	records stagedRecords
	entries []*fhir.JournalEntry // of the journal
	alone   bool

	generation int64 // of what is indexed
}

// write is a version to be written.
type write struct {
	typ, id string
	body    string
	old     row            // what the snapshot had
	add     *search.Values // index values that the resource did not have before
	remove  *search.Values // index values that it has no more
	version *fhir.Version

	words, wordsBefore string          // see Store.wordsOf
	def                *r4.SearchParam // that it puts in force
}

const (
	errAlone    = constError("the update has to run alone")
	errConflict = constError("another update got in between")
)

// run calls fn on a snapshot that is taken with the first read.
func (tx *stagedTx) run(fn func(fhir.Tx) error) error {
	defer func() {
		if tx.conn != nil {
			tx.conn.end()
			tx.store.readers.put(tx.conn)
		}
	}()
	// Guards are counted even where fn does not ask: the writer compares, so that updates of other processes that took
	// the guard in between are noticed.
	for _, guard := range tx.guards {
		if _, err := tx.GuardCount(tx.ctx, guard); err != nil {
			return err
		}
	}
	return fn(tx)
}

// wrote reports whether there is anything to commit.
func (tx *stagedTx) wrote() bool { return tx.size() > 0 }

// size is what the update has staged.
func (tx *stagedTx) size() int { return len(tx.writes) + len(tx.records.writes) + len(tx.entries) }

func (tx *stagedTx) snapshot() error {
	if tx.conn != nil {
		return nil
	}
	c, err := tx.store.readers.take(tx.ctx)
	if err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		tx.store.readers.put(c)
		return asOutcome(err)
	}
	tx.conn = c
	return nil
}

func (tx *stagedTx) staged(typ, id string) *write {
	for _, w := range tx.writes {
		if w.id == id && w.typ == typ {
			return w
		}
	}
	return nil
}

// runAlone gives the attempt up.
func (tx *stagedTx) runAlone() error {
	tx.alone = true
	return errAlone
}

func (tx *stagedTx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	if w := tx.staged(typ, id); w != nil {
		if w.version.Deleted {
			return nil, gone(typ)
		}
		return nil, tx.runAlone() // its time is not known before the commit
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	return tx.reader.Read(ctx, typ, id)
}

func (tx *stagedTx) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	if tx.staged(typ, id) != nil {
		return nil, tx.runAlone()
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	return tx.reader.VRead(ctx, typ, id, version)
}

func (tx *stagedTx) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	if len(tx.writes) > 0 {
		return nil, tx.runAlone()
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	return tx.reader.History(ctx, q)
}

func (tx *stagedTx) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	if len(tx.writes) > 0 {
		return nil, tx.runAlone()
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	return tx.reader.Search(ctx, q)
}

func (tx *stagedTx) GuardCount(ctx context.Context, guard string) (int64, error) {
	if n, ok := tx.counts[guard]; ok {
		return n, nil
	}
	if err := tx.snapshot(); err != nil {
		return 0, err
	}
	n, err := tx.reader.GuardCount(ctx, guard)
	if err != nil {
		return 0, err
	}
	if tx.counts == nil {
		tx.counts = make(map[string]int64)
	}
	tx.counts[guard] = n
	return n, nil
}

func (tx *stagedTx) Put(_ context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return tx.stage(r.Type(), r.ID(), r)
}

// Create does not look for an older version: if there is one, the writer runs into it, and fn runs again, in the end alone.
func (tx *stagedTx) Create(_ context.Context, r *fhir.Resource) (*fhir.Version, error) {
	if tx.staged(r.Type(), r.ID()) != nil {
		return nil, tx.runAlone()
	}
	return tx.stageAfter(row{}, r.Type(), r.ID(), r)
}

func (tx *stagedTx) Delete(_ context.Context, typ, id string) (*fhir.Version, error) {
	return tx.stage(typ, id, nil)
}

// stage prepares the version that comes after the snapshot's; r is nil for a deletion.
func (tx *stagedTx) stage(typ, id string, r *fhir.Resource) (*fhir.Version, error) {
	if tx.staged(typ, id) != nil {
		return nil, tx.runAlone()
	}
	if err := tx.snapshot(); err != nil {
		return nil, err
	}
	old, err := tx.row(typ, id)
	if err != nil {
		return nil, err
	}
	return tx.stageAfter(old, typ, id, r)
}

func (tx *stagedTx) stageAfter(old row, typ, id string, r *fhir.Resource) (*fhir.Version, error) {
	w, err := tx.store.prepare(typ, id, r, old)
	if err != nil {
		return nil, err
	}
	tx.writes = append(tx.writes, w)
	return w.version, nil
}

// prepare works out what a write changes, index included. This is the expensive part of a write, so it is done before
// the writer's turn.
func (s *Store) prepare(typ, id string, r *fhir.Resource, old row) (*write, error) {
	if r != nil && !fhir.ValidID(id) {
		return nil, fhir.NewOutcome(fhir.Value, "the id must be 1 to 64 letters, digits, '-' and '.'", typ+".id")
	}
	w := &write{typ: typ, id: id, old: old, version: &fhir.Version{
		Type: typ, ID: id, VersionID: strconv.FormatInt(old.vid+1, 10),
		Created: r != nil && (!old.exists() || old.deleted), Deleted: r == nil,
	}}
	if r == nil {
		switch {
		case !old.exists():
			return nil, notFound(typ, id)
		case old.deleted:
			return nil, gone(typ)
		}
	}
	none := &search.Values{}
	before, after := none, none
	if old.exists() && !old.deleted {
		stored := fhir.Stored(typ, id, "", timeOf(0), old.body)
		before, w.wordsBefore = s.options.Params.Values(stored), s.wordsOf(stored)
	}
	if r != nil {
		w.body = r.Body()
		after, w.words = s.options.Params.Values(r), s.wordsOf(r)
		var err error
		if w.def, err = s.options.Params.Define(r); err != nil {
			return nil, err
		}
	}
	if before == none {
		w.add, w.remove = after, none
	} else {
		w.add, w.remove = search.Difference(after, before)
	}
	return w, nil
}

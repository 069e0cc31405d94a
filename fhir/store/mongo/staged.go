package mongo

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// stagedTx is the Tx of an update that runs beside others: it reads a snapshot and keeps its writes to itself until the writer commits
// them. What it cannot do that way (search or read what it has itself written) ends the attempt, and the update runs within the
// transaction instead.
type stagedTx struct {
	*reader
	store   *Store
	ctx     context.Context
	guards  []string
	counts  map[string]int64 // guards as the snapshot has them
	writes  []*write
	records stagedRecords
	entries []*fhir.JournalEntry // of the journal
	size    int                  // bytes of what is written
	within  bool

	generation int64 // of what is indexed
}

// stagedRecords are the records of an update: what it read, so that the writer can tell whether that is still so, and what it wants
// written.
type stagedRecords struct {
	now    int64                // of all it reads, in seconds
	read   map[recordName]int64 // versions, 0 = there is none
	lists  []recordList
	writes map[recordName]*storedRecord // version 0 = dropped
}

// write is a version to be written.
type write struct {
	typ, id string
	old     row    // what the snapshot had
	tail    []byte // elements of the current document, but for those known at the commit
	content []byte // those of the document in the history
	version *fhir.Version

	body string          // of a SearchParameter
	def  *r4.SearchParam // that it puts in force
}

const (
	errWithin   = constError("the update has to run within the transaction")
	errConflict = constError("another update got in between")
)

// What one update may write. MongoDB ends transactions that take longer than a minute.
const (
	maxWrites = 100_000
	maxStaged = 256 << 20
)

func tooMuch() error {
	return fhir.Errorf(fhir.TooCostly, "the request writes more than the store can commit at once: at most %d versions and %d MiB; send it in parts", maxWrites, maxStaged>>20)
}

// run calls fn on a snapshot that is taken with the first read.
func (tx *stagedTx) run(fn func(fhir.Tx) error) (err error) {
	tx.generation = tx.store.options.Params.Generation()
	if tx.reader, err = tx.store.reader(tx.store.db); err != nil {
		return err
	}
	defer tx.reader.end()
	// Guards are counted even where fn does not ask: the writer compares, so that updates of other processes that took the guard
	// in between are noticed.
	for _, guard := range tx.guards {
		if _, err := tx.GuardCount(tx.ctx, guard); err != nil {
			return err
		}
	}
	return fn(tx)
}

// wrote reports whether there is anything to commit.
func (tx *stagedTx) wrote() bool {
	return len(tx.writes)+len(tx.records.writes)+len(tx.entries) > 0
}

func (tx *stagedTx) staged(typ, id string) *write {
	for _, w := range tx.writes {
		if w.id == id && w.typ == typ {
			return w
		}
	}
	return nil
}

// runWithin gives the attempt up.
func (tx *stagedTx) runWithin() error {
	tx.within = true
	return errWithin
}

func (tx *stagedTx) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	if w := tx.staged(typ, id); w != nil {
		if w.version.Deleted {
			return nil, gone(typ)
		}
		return nil, tx.runWithin() // its time is not known before the commit
	}
	return tx.reader.Read(ctx, typ, id)
}

func (tx *stagedTx) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	if tx.staged(typ, id) != nil {
		return nil, tx.runWithin()
	}
	return tx.reader.VRead(ctx, typ, id, version)
}

func (tx *stagedTx) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	if len(tx.writes) > 0 {
		return nil, tx.runWithin()
	}
	return tx.reader.History(ctx, q)
}

func (tx *stagedTx) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	if len(tx.writes) > 0 {
		return nil, tx.runWithin()
	}
	return tx.reader.Search(ctx, q)
}

func (tx *stagedTx) GuardCount(ctx context.Context, guard string) (int64, error) {
	if n, ok := tx.counts[guard]; ok {
		return n, nil
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

func (tx *stagedTx) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return tx.stage(ctx, r.Type(), r.ID(), r)
}

// Create does not look for an older version: if there is one, the writer runs into it, and fn runs again, in the end within the
// transaction.
func (tx *stagedTx) Create(_ context.Context, r *fhir.Resource) (*fhir.Version, error) {
	if tx.staged(r.Type(), r.ID()) != nil {
		return nil, tx.runWithin()
	}
	return tx.stageAfter(row{}, r.Type(), r.ID(), r)
}

func (tx *stagedTx) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	return tx.stage(ctx, typ, id, nil)
}

// stage prepares the version that comes after the snapshot's; r is nil for a deletion.
func (tx *stagedTx) stage(ctx context.Context, typ, id string, r *fhir.Resource) (*fhir.Version, error) {
	if tx.staged(typ, id) != nil {
		return nil, tx.runWithin()
	}
	old, err := tx.row(ctx, typ, id)
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
	tx.size += len(w.tail)
	if len(tx.writes) == maxWrites || tx.size > maxStaged {
		return nil, tooMuch()
	}
	tx.writes = append(tx.writes, w)
	return w.version, nil
}

// prepare works out the documents of a version. This is the expensive part of a write, so it is done before the writer's turn.
func (s *Store) prepare(typ, id string, r *fhir.Resource, old row) (*write, error) {
	if r != nil && !fhir.ValidID(id) {
		return nil, fhir.NewOutcome(fhir.Value, "the id must be 1 to 64 letters, digits, '-' and '.'", typ+".id")
	}
	w := &write{typ: typ, id: id, old: old, version: &fhir.Version{
		Type: typ, ID: id, VersionID: strconv.FormatInt(old.vid+1, 10), Created: r != nil && (!old.exists() || old.deleted), Deleted: r == nil,
	}}
	if r == nil {
		switch {
		case !old.exists():
			return nil, notFound(typ)
		case old.deleted:
			return nil, gone(typ)
		}
		return w, nil
	}
	def, err := s.options.Params.Define(r)
	if err != nil {
		return nil, err
	}
	if typ == searchParameter {
		w.body, w.def = r.Body(), def
	}
	if w.content, err = appendContent(nil, r.Body()); err == nil {
		w.tail, err = appendIndex(make([]byte, 0, 2*len(w.content)), s.options.Params, r)
	}
	if err != nil {
		return nil, fhir.Internal(err)
	}
	if w.tail = append(w.tail, w.content...); len(w.tail) > maxDocument {
		return nil, tooLarge()
	}
	return w, nil
}

// instant is the time by which records expire for this update.
func (tx *stagedTx) instant() int64 {
	if tx.records.now == 0 {
		tx.records.now = tx.store.second()
	}
	return tx.records.now
}

// Record implements fhir.RecordReader.
func (tx *stagedTx) Record(ctx context.Context, kind, key string) (*fhir.Record, error) {
	n := recordName{kind, key}
	if w := tx.records.writes[n]; w != nil {
		if !w.liveAt(tx.instant()) {
			return nil, noRecord(kind)
		}
		return w.record(), nil
	}
	got, err := tx.recordOf(ctx, n)
	if err != nil {
		return nil, err
	}
	if tx.records.read == nil {
		tx.records.read = make(map[recordName]int64)
	}
	tx.records.read[n] = got.Version
	if !got.liveAt(tx.instant()) {
		return nil, noRecord(kind)
	}
	return got.record(), nil
}

// Records implements fhir.RecordReader: what the snapshot has, with the update's own writes in it.
func (tx *stagedTx) Records(ctx context.Context, kind, owner, after string, max int) ([]*fhir.Record, error) {
	if max < 1 {
		return nil, nil
	}
	now := tx.instant()
	var list []*fhir.Record
	own := 0
	for n, w := range tx.records.writes {
		if n.kind != kind {
			continue
		}
		own++
		if n.key > after && (owner == "" || w.Owner == owner) && w.liveAt(now) {
			list = append(list, w.record())
		}
	}
	// Each of the update's own writes may take the place of one in the snapshot.
	l := recordList{kind: kind, owner: owner, after: after, max: max + own, now: now}
	if err := tx.reader.records(ctx, &l, func(got *storedRecord) {
		l.versions = append(l.versions, got.Version)
		if tx.records.writes[recordName{got.Kind, got.Key}] == nil {
			list = append(list, got.record())
		}
	}); err != nil {
		return nil, err
	}
	tx.records.lists = append(tx.records.lists, l)
	slices.SortFunc(list, func(a, b *fhir.Record) int { return strings.Compare(a.Key, b.Key) })
	return list[:min(max, len(list))], nil
}

// Keep implements fhir.Recorder.
func (tx *stagedTx) Keep(_ context.Context, r *fhir.Record) error {
	w, err := toStore(r)
	if err == nil {
		tx.stageRecord(recordName{r.Kind, r.Key}, w)
	}
	return err
}

// Drop implements fhir.Recorder.
func (tx *stagedTx) Drop(_ context.Context, kind, key string) error {
	tx.stageRecord(recordName{kind, key}, &storedRecord{Kind: kind, Key: key})
	return nil
}

func (tx *stagedTx) stageRecord(n recordName, w *storedRecord) {
	if tx.records.writes == nil {
		tx.records.writes = make(map[recordName]*storedRecord)
	}
	tx.records.writes[n] = w
}

// Append implements fhir.Tx.
func (tx *stagedTx) Append(_ context.Context, entries ...*fhir.JournalEntry) error {
	tx.entries = append(tx.entries, entries...)
	return nil
}

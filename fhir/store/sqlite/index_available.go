package sqlite

import (
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// available fails where the index of a resource type is being built anew and is not complete: what a search found there would
// not be all. words asks for the full text index, otherwise for index values.
func (c *compiler) available(typ string, words bool) error {
	g := c.store.gap.Load()
	if c.conn.epoch != c.store.names.now() { // it has changed since the snapshot was taken, which is what counts
		job, err := c.conn.gapJob()
		if err != nil {
			return asOutcome(err)
		}
		if g = nil; job != nil {
			g = job.gap()
		}
	}
	if g == nil || !g.types[typ] || !words && !g.slots {
		return nil
	}
	o := fhir.Errorf(fhir.Transient, "the search index of %s is being built anew (%d %% of the whole are done); until then %s cannot be searched", typ, g.percent.Load(), typ)
	o.RetryAfter = 30 * time.Second
	return o
}

// served fails where a slot is not one that a search may look at: its parameter has been withdrawn since the search was read, or
// its values are not complete. The values of official parameters always are. What counts is the snapshot: this process may know
// more than that, or, where another one has made the change, less.
func (c *compiler) served(s *search.Slot) error {
	params := c.store.options.Params
	known := params.Generation()
	official, ready := params.Keys(s.Type)
	if official[s.Key()] {
		return nil
	}
	generation, err := c.conn.generation()
	if err != nil {
		return asOutcome(err)
	}
	ok := ready[s.Key()]
	if generation != known || params.Generation() != known { // the keys are of another set
		if ok, err = c.servedThen(s); err != nil {
			return asOutcome(err)
		}
	}
	if ok {
		return nil
	}
	o := fhir.NewOutcome(fhir.Transient, "a search parameter was changed while the search was running; try again")
	o.RetryAfter = time.Second
	return o
}

// servedThen reports the same of the snapshot.
func (c *compiler) servedThen(s *search.Slot) (ok bool, err error) {
	params := c.store.options.Params
	err = c.conn.each("SELECT id, definition FROM parameter WHERE job IS NULL", func(stmt *sqlite.Stmt) error {
		def, err := params.Define(fhir.Stored(searchParameter, stmt.ColumnText(0), "", timeOf(0), stmt.ColumnText(1)))
		if err == nil && def != nil {
			ok = ok || params.KeysOf(def, s.Type)[s.Key()]
		}
		return nil
	})
	return ok, err
}

// ahead reports whether a job that makes the full text index anew has yet to come to a resource: its words are written then, and
// must not be touched before.
func (w *writer) ahead(rid int64) (bool, error) {
	if w.gap == nil {
		return false, nil
	}
	typ, err := w.store.names.typeOf(w.conn, rid)
	return err == nil && w.gap.ahead(typ, nOf(rid)), err
}

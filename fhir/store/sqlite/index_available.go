package sqlite

import (
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
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

// numbered checks that a slot has no number because nothing has a value there, and not because its parameter has been withdrawn
// since the search was read.
func (c *compiler) numbered(s *search.Slot) error {
	official, all := c.store.options.Params.Keys(s.Type)
	if official[s.Key()] {
		return nil
	}
	generation, err := c.conn.generation()
	if err != nil {
		return asOutcome(err)
	}
	if all[s.Key()] && generation == c.store.options.Params.Generation() {
		return nil
	}
	o := fhir.NewOutcome(fhir.Transient, "a search parameter was changed while the search was running; try again")
	o.RetryAfter = time.Second
	return o
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

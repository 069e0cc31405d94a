package sqlite

import (
	"maps"
	"strconv"
	"sync/atomic"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// indexing is what the writer knows of the search index beyond its rows.
//
// The generation in table setting counts the changes in what is indexed and where. Every transaction of the writer compares it
// with the one that this process knows, and takes over what another process has changed; updates that were staged under another
// generation run again. So no write misses a search parameter, whoever has put it in force.
type indexing struct {
	generation int64
	twins      map[string][]int64 // by the key of a slot: further numbers under which its rows are kept
	fill       map[string]bool    // keys of the slots that are written at the moment; nil = all
	repairs    bool               // and only under their further numbers
	gap        *indexJob          // how far the job is that leaves a gap in the index

	changed bool        // the running transaction has changed what is indexed, or where
	next    *indexState // and this is what comes of it

	definitions map[string]*r4.SearchParam // by their text
}

// indexState is what every process that uses the store has to know of its index.
type indexState struct {
	generation int64
	custom     []search.Custom
	twins      map[string][]int64
	gap        *gap
}

// gap says for which resource types the index is not complete, because it is built anew instead of the old one.
type gap struct {
	types   map[string]bool
	slots   bool // index values, and not only words
	percent atomic.Int32
}

const (
	generationSetting = "generation"
	errTakenOver      = constError("another version of the program has indexed the store anew")
)

// refresh takes over what other processes have changed. The transaction has just begun.
func (w *writer) refresh() error {
	generation, err := w.conn.generation()
	if err != nil {
		return err
	}
	if generation != w.generation {
		if index, err := w.setting("index"); err != nil {
			return err
		} else if index != indexVersion && index != "" && w.generation >= 0 {
			return fhir.NewOutcome(fhir.Transient, "another version of the program works on the store; this one has to be stopped").WithCause(errTakenOver)
		}
		state, err := w.state(generation)
		if err != nil {
			return err
		}
		w.adopt(state)
	}
	w.gap = nil
	if w.store.gap.Load() != nil {
		w.gap, err = w.conn.gapJob()
	}
	return err
}

// state reads what the running transaction has made of the index.
func (w *writer) state(generation int64) (*indexState, error) {
	s := &indexState{generation: generation, twins: make(map[string][]int64)}
	list, err := w.parameters()
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		s.custom = append(s.custom, search.Custom{ID: p.id, Def: p.def, Complete: p.complete})
	}
	if err := w.conn.each("SELECT key, slot FROM spare WHERE state IN ('next', 'previous') ORDER BY slot", func(stmt *sqlite.Stmt) error {
		key := stmt.ColumnText(0)
		s.twins[key] = append(s.twins[key], stmt.ColumnInt64(1))
		return nil
	}); err != nil {
		return nil, err
	}
	job, err := w.conn.gapJob()
	if job != nil {
		s.gap = job.gap()
	}
	return s, err
}

// adopt makes a state that is committed known: searches that are parsed from now on use it. Numbers of slots that are cached may
// be out of date. They are forgotten before anything else, so that who sees the new state on an old snapshot can tell.
func (w *writer) adopt(s *indexState) {
	w.conn.epoch = w.store.names.forget(slotName)
	params := w.store.options.Params
	if s.generation != 0 || params.Generation() != 0 {
		params.SetCustom(s.generation, s.custom)
	}
	w.generation, w.twins = s.generation, maps.Clone(s.twins)
	w.store.gap.Store(s.gap)
	w.store.wake()
}

// settle ends a transaction that has changed what is indexed: see settleParameters. It is called before the commit, and settled
// after it.
func (w *writer) settle() (err error) {
	if !w.changed {
		return nil
	}
	if err := w.settleParameters(); err != nil {
		return err
	}
	generation := w.generation + 1
	if err := w.set(generationSetting, strconv.FormatInt(generation, 10)); err != nil {
		return err
	}
	w.next, err = w.state(generation)
	return err
}

func (w *writer) settled() {
	if w.next != nil {
		w.adopt(w.next)
	}
	w.unsettled()
}

func (w *writer) unsettled() { w.changed, w.next = false, nil }

func (w *writer) setting(name string) (value string, err error) {
	err = w.conn.each("SELECT value FROM setting WHERE name = ?", func(stmt *sqlite.Stmt) error {
		value = stmt.ColumnText(0)
		return nil
	}, name)
	return value, err
}

func (w *writer) set(name, value string) error {
	return w.conn.exec("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value)
}

package sqlite

import (
	"encoding/json"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// start begins a job. For a repair every slot gets a second number, under which it is filled anew while the first one serves
// searches; writes keep both up to date.
func (w *writer) start(job *indexJob) error {
	now, err := w.conn.oneJob("WHERE id = ?", job.id)
	if err != nil {
		return err
	}
	if now == nil || now.state != stateQueued {
		return errNothing
	}
	if now.kind == kindRepair {
		if err := w.extend(now); err != nil {
			return err
		}
		for _, t := range now.types {
			if err := w.doubleSlots(t.Type, now.url); err != nil {
				return err
			}
		}
		w.changed = true
		if now.words {
			if err := w.conn.exec("INSERT INTO words (words) VALUES ('delete-all')"); err != nil {
				return err
			}
		}
	}
	return w.conn.exec("UPDATE index_job SET state = 'running', owner = ?, lease = ? WHERE id = ?", w.store.owner, millis()+leaseTime.Milliseconds(), job.id)
}

// extend brings the types of a job up to date: from here on writes do their part, but not since the job was queued.
func (w *writer) extend(job *indexJob) (err error) {
	types := make(map[string]bool)
	if job.words {
		if types, err = w.typesOf(fhir.Reindex{}); err != nil {
			return err
		}
	}
	for _, t := range job.types {
		types[t.Type] = true
	}
	if job.types, err = w.walk(types); err != nil {
		return err
	}
	text, err := json.Marshal(job.types)
	if err != nil {
		return err
	}
	return w.conn.exec("UPDATE index_job SET types = ? WHERE id = ?", string(text), job.id)
}

// doubleSlots gives the slots of a type, or of a search parameter for it, numbers to be filled anew.
func (w *writer) doubleSlots(typ, url string) error {
	params := w.store.options.Params
	_, keys := params.Keys(typ)
	if url != "" {
		keys = make(map[string]bool)
		if def := params.Definition(url); def != nil {
			keys = params.KeysOf(def, typ)
		}
	}
	for key := range keys {
		slot, err := w.spare(key)
		if err != nil {
			return err
		}
		if err := w.conn.exec("INSERT INTO spare (slot, key, state, since) VALUES (?, ?, 'next', ?)", slot, key, millis()); err != nil {
			return err
		}
	}
	return nil
}

// finish ends a job: what it has filled is complete and serves searches.
func (w *writer) finish(job *indexJob) error {
	w.changed = true
	switch job.kind {
	case kindRepair:
		if err := w.takePlace(); err != nil {
			return err
		}
	default:
		if err := w.conn.exec("UPDATE parameter SET job = NULL WHERE job = ?", job.id); err != nil {
			return err
		}
	}
	return w.conn.exec("UPDATE index_job SET place = ?, n = 0, state = 'complete', ended = ?, owner = '', lease = 0 WHERE id = ?", len(job.types), w.counters.now, job.id)
}

// takePlace puts the numbers that have been filled in the place of those that served searches until now. Other processes may
// search by the old ones for a moment longer, so these are kept up to date for that long.
func (w *writer) takePlace() error {
	type double struct {
		slot int64
		key  string
	}
	var doubles []double
	if err := w.conn.each("SELECT slot, key FROM spare WHERE state = 'next'", func(stmt *sqlite.Stmt) error {
		doubles = append(doubles, double{stmt.ColumnInt64(0), stmt.ColumnText(1)})
		return nil
	}); err != nil {
		return err
	}
	for _, d := range doubles {
		if err := w.setAside(d.key, "previous"); err != nil {
			return err
		}
		if err := w.conn.exec("UPDATE dictionary SET kind = ?, text = ? WHERE id = ?", slotName, d.key, d.slot); err != nil {
			return err
		}
		if err := w.conn.exec("DELETE FROM spare WHERE slot = ?", d.slot); err != nil {
			return err
		}
	}
	return nil
}

package sqlite

import (
	"andiron.dev/fhir"
	"andiron.dev/search"
)

// indexFormat changes with how this engine writes index values (encode.go, the index tables).
const indexFormat = "2"

// indexVersion is what the index of an up-to-date store says of itself.
const indexVersion = search.IndexVersion + "." + indexFormat

// ready brings the writer up to date with the store, and puts a job in the queue where another version of the program has written
// the index: Open and IndexBeside work on it. Until it is done, searches of what it has not come to are refused.
func (w *writer) ready() error {
	return w.transaction(func() error {
		found, err := w.setting("index")
		if err != nil {
			return err
		}
		generation, err := w.setting(generationSetting)
		if err != nil || found == indexVersion && generation != "" {
			return firstError(err, errNothing)
		}
		w.changed = true
		if generation == "" {
			if err := w.defineAll(); err != nil {
				return err
			}
		}
		if found != "" && found != indexVersion {
			if err := w.rebuild(); err != nil {
				return err
			}
		}
		return w.set("index", indexVersion)
	})
}

// rebuild gives the whole index up and queues the job that makes the new one.
func (w *writer) rebuild() error {
	types, err := w.typesOf(fhir.Reindex{})
	if err != nil {
		return err
	}
	if err := firstError(
		w.dropAll(),
		w.conn.exec("INSERT INTO words (words) VALUES ('delete-all')"),
		w.conn.exec("UPDATE index_job SET state = 'cancelled', ended = ? WHERE state IN ('queued', 'running')", w.counters.now),
	); err != nil {
		return err
	}
	job := &indexJob{kind: kindRebuild, words: true}
	if job.types, err = w.walk(types); err != nil {
		return err
	}
	if err := w.insertJob(job); err != nil || job.state == stateComplete {
		return err
	}
	return w.conn.exec("UPDATE parameter SET job = ? WHERE job IS NOT NULL", job.id)
}

func indexTables() []string {
	return []string{"token", "string", "date", "reference", "uri", "number", "quantity", "token_text", "composite", "position"}
}

// eachCurrent calls fn with every current resource whose rid is greater than after, in the order of rid, in portions: fn may
// write.
func (r *reader) eachCurrent(after int64, fn func(rid int64, resource *fhir.Resource) error) error {
	stmt, err := r.conn.Prepare("SELECT c.rid, v.vid, v.at, v.body FROM current c CROSS JOIN version v ON v.seq = c.seq WHERE c.rid > ? AND c.deleted = 0 ORDER BY c.rid LIMIT 500")
	if err != nil {
		return err
	}
	for more := true; more; {
		var portion []row
		stmt.BindInt64(1, after)
		for {
			found, err := stmt.Step()
			if err != nil {
				return err
			}
			if !found {
				break
			}
			portion = append(portion, row{rid: stmt.ColumnInt64(0), vid: stmt.ColumnInt64(1), at: stmt.ColumnInt64(2), body: stmt.ColumnText(3)})
		}
		if err := stmt.Reset(); err != nil {
			return err
		}
		more = len(portion) > 0
		for _, got := range portion {
			typ, err := r.store.names.typeOf(r.conn, got.rid)
			if err != nil {
				return err
			}
			if err := fn(got.rid, got.resource(typ, idOf(got.body, typ))); err != nil {
				return err
			}
			after = got.rid
		}
	}
	return nil
}

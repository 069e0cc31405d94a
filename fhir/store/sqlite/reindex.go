package sqlite

import (
	"fmt"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// indexFormat changes with how this engine writes index values (encode.go, the index tables).
const indexFormat = "1"

// indexVersion is what the index of an up-to-date store says of itself.
const indexVersion = search.IndexVersion + "." + indexFormat

// reindexIfOld brings the search index up to date if another version of the program has written it: in one transaction, so
// that an interruption leaves the old index, and the next start begins anew.
func (w *writer) reindexIfOld() error {
	if found, err := w.setting("index"); err != nil || found == indexVersion {
		return err
	}
	if err := w.begin(); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			w.rollback()
		}
	}()
	found, err := w.setting("index")
	if err != nil {
		return err
	}
	if found == indexVersion {
		return nil // another process was faster
	}
	if err := w.reindex(found); err != nil {
		return fmt.Errorf("indexing anew: %w", err)
	}
	if err := sqlitex.Execute(w.conn.Conn, "INSERT INTO setting (name, value) VALUES ('index', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
		&sqlitex.ExecOptions{Args: []any{indexVersion}}); err != nil {
		return err
	}
	done = true
	return w.end()
}

func (w *writer) setting(name string) (value string, err error) {
	err = sqlitex.Execute(w.conn.Conn, "SELECT value FROM setting WHERE name = ?", &sqlitex.ExecOptions{Args: []any{name}, ResultFunc: func(stmt *sqlite.Stmt) error {
		value = stmt.ColumnText(0)
		return nil
	}})
	return value, err
}

// reindex empties the index and fills it from the current resources.
func (w *writer) reindex(found string) error {
	for _, table := range indexTables() {
		if err := sqlitex.Execute(w.conn.Conn, "DELETE FROM "+table, nil); err != nil {
			return err
		}
	}
	log, start, count := w.store.options.Log, time.Now(), 0
	r := reader{w.store, w.conn}
	err := r.eachCurrent(0, func(rid int64, resource *fhir.Resource) error {
		if count++; count == 1 {
			log.Info("indexing the store anew", "index", found, "wanted", indexVersion)
		} else if count%100_000 == 0 {
			log.Info("indexing the store anew", "resources", count)
		}
		return w.index(nOf(rid), w.store.options.Params.Values(resource), &search.Values{})
	})
	if err == nil && count > 0 {
		log.Info("indexed the store anew", "resources", count, "seconds", time.Since(start).Seconds())
	}
	return err
}

func indexTables() []string { return []string{"token", "string", "date", "reference", "uri"} }

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

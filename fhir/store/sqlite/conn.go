package sqlite

import (
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// conn is a connection with the statements that every read needs, prepared once.
type conn struct {
	*sqlite.Conn
	beginStmt, endStmt, rollbackStmt    *sqlite.Stmt
	current, superseded, version, guard *sqlite.Stmt
	record, entry                       *sqlite.Stmt
	dictionaryID, dictionaryText        *sqlite.Stmt
	firstAt, newestSeq, newestN         *sqlite.Stmt
	kept                                map[string]*sqlite.Stmt // queries whose statements are kept prepared
	interrupt                           chan struct{}           // see watch

	// fresh are, on the writer's connection, the names that the running transaction may have made: nobody else may know
	// them before it is committed. nil on all others.
	fresh map[name]int64
	names *dictionary
	epoch int64 // of names when the running transaction began

	meter    *meter // of the running search; nil = it is not metered
	canMeter bool
}

// lockTimeout is how long to wait for another process that holds the write lock: as long as its largest transaction takes.
const lockTimeout = 30 * time.Second

// open opens one connection. cache is in KiB.
func open(path string, options Options, cache int) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("cannot open the store: %w", err)
	}
	c.SetBusyTimeout(lockTimeout)
	synchronous := "FULL"
	if options.Unsafe {
		synchronous = "OFF"
	}
	for _, p := range []string{
		"synchronous = " + synchronous,
		fmt.Sprintf("cache_size = -%d", cache),
		"temp_store = MEMORY",
		fmt.Sprintf("wal_autocheckpoint = %d", checkpointPages),
		fmt.Sprintf("journal_size_limit = %d", keptLog),
		"foreign_keys = OFF",
		"trusted_schema = OFF",
	} {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			if sqlite.ErrCode(err) == sqlite.ResultNotADB {
				err = &SchemaError{Found: -1}
			}
			return nil, errors.Join(fmt.Errorf("PRAGMA %s: %w", p, err), c.Close())
		}
	}
	if err := addFunctions(c, options); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newConn prepares the statements. The connection stays the caller's when that fails.
func newConn(c *sqlite.Conn) (*conn, error) {
	k := &conn{Conn: c, kept: make(map[string]*sqlite.Stmt)}
	for _, s := range []struct {
		stmt **sqlite.Stmt
		sql  string
	}{
		{&k.beginStmt, "BEGIN"},
		{&k.endStmt, "COMMIT"},
		{&k.rollbackStmt, "ROLLBACK"},
		// The subselect is on purpose: joined, SQLite's planner looks at the arguments and plans anew for each.
		{&k.current, `SELECT c.rid, c.seq, v.vid, v.at, v.body FROM current c CROSS JOIN version v ON v.seq = c.seq
			WHERE c.rid = (SELECT type << 32 | n FROM resource WHERE type = ? AND id = ?)`},
		{&k.superseded, "SELECT seq FROM superseded WHERE rid = ? AND vid = ?"},
		{&k.version, "SELECT vid, at, body FROM version WHERE seq = ?"},
		{&k.guard, "SELECT n FROM guard WHERE key = ?"},
		{&k.record, "SELECT owner, expires, version, value FROM record WHERE kind = ? AND key = ?"},
		{&k.entry, selectEntry + "seq = ? AND time >= ? AND time < ?"},
		{&k.dictionaryID, "SELECT id FROM dictionary WHERE kind = ? AND text = ?"},
		{&k.dictionaryText, "SELECT text FROM dictionary WHERE id = ? AND kind = ?"},
		{&k.firstAt, "SELECT at FROM version WHERE seq >= ? ORDER BY seq LIMIT 1"},
		{&k.newestSeq, "SELECT max(seq) FROM version"},
		{&k.newestN, "SELECT rid & 4294967295 FROM current WHERE rid >= ? AND rid < ? ORDER BY rid DESC LIMIT 1"},
	} {
		stmt, err := c.Prepare(s.sql)
		if err != nil {
			return nil, err
		}
		*s.stmt = stmt
	}
	return k, nil
}

// run executes a statement that gives no rows.
func run(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	return firstError(err, stmt.Reset())
}

// number executes a statement that gives one number or nothing, which counts as 0.
func number(stmt *sqlite.Stmt, args ...int64) (value int64, err error) {
	for i, arg := range args {
		stmt.BindInt64(i+1, arg)
	}
	found, err := stmt.Step()
	if found {
		value = stmt.ColumnInt64(0)
	}
	return value, firstError(err, stmt.Reset())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) begin() error {
	if c.names != nil {
		c.epoch = c.names.now()
	}
	return run(c.beginStmt)
}

// end releases the snapshot. It cannot fail in a way that matters: nothing was written.
func (c *conn) end() {
	if run(c.endStmt) != nil {
		_ = run(c.rollbackStmt)
	}
}

package sqlite

import (
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	checkpointPages = 8000        // a commit that makes the log longer than this copies it into the database
	keptLog         = 32 << 20    // bytes of the log's file that stay when it begins anew
	maxLog          = 4 * keptLog // see bound
	quiet           = time.Second // without a commit, after which the log is copied and emptied
	// Leases are renewed every few hundred milliseconds, for as long as a server runs: where there is a lot to be copied, a pause between
	// two of them is enough.
	shortQuiet = 250 * time.Millisecond
	aLot       = 16 // commits
)

// log keeps the write-ahead log from growing without end. SQLite begins it anew only when no reader needs it any more, and
// where reads overlap all the time there is always one that does. So when the file has become too long, the writer
// waits for those readers; the ones that come meanwhile read from the database and do not keep it waiting.
type log struct {
	path  string
	limit int64 // length at which to act
}

func newLog(dir string) log { return log{path: filepath.Join(dir, File+"-wal"), limit: maxLog} }

// empty copies the log into the database and cuts its file to nothing, if nobody is reading. It is called when there is
// nothing else to do: what is read next is found sooner, and the log's room is free.
func (l *log) empty(c *conn) {
	c.SetBusyTimeout(0)
	defer c.SetBusyTimeout(lockTimeout)
	_ = sqlitex.ExecuteTransient(c.Conn, "PRAGMA wal_checkpoint(TRUNCATE)", nil) // there is a next time
}

// bound is called after a commit. A checkpoint that fails is tried again when the log has doubled: somebody is reading
// for long (an export), and making all writers wait for it again and again would not help.
func (l *log) bound(c *conn) {
	info, err := os.Stat(l.path)
	if err != nil || info.Size() <= l.limit {
		return
	}
	const patience = 250 * time.Millisecond
	c.SetBusyTimeout(patience)
	defer c.SetBusyTimeout(lockTimeout)
	blocked := true
	err = sqlitex.ExecuteTransient(c.Conn, "PRAGMA wal_checkpoint(RESTART)", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		blocked = stmt.ColumnInt64(0) != 0
		return nil
	}})
	l.limit = maxLog
	if err != nil || blocked {
		l.limit = 2 * info.Size()
	}
}

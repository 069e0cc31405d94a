package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as Andiron's ("Andi"), so that no other database is taken for one.
const applicationID = 0x416e6469

// SchemaError says that a store cannot be opened by this program.
type SchemaError struct {
	Found, Known int
}

func (e *SchemaError) Error() string {
	if e.Found < 0 {
		return "the file is not a store of Andiron"
	}
	return fmt.Sprintf("the store has schema version %d, but this program knows only up to %d; use the program that wrote it, or a newer one",
		e.Found, e.Known)
}

// migrate brings the schema up to date, one migration a transaction, so that an interrupted start goes on where it
// stopped. A schema newer than this program is refused: writing to it could lose what the program does not know of. So is
// a file that is somebody else's; nothing is changed in either.
func migrate(c *sqlite.Conn) error {
	scripts, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(scripts)
	found, err := firstLook(c, len(scripts))
	if err != nil {
		return err
	}
	if err := enterWAL(c); err != nil {
		return err
	}
	for found < len(scripts) {
		if found, err = migrateOnce(c, scripts); err != nil {
			return err
		}
	}
	return nil
}

// firstLook is schemaVersion on one snapshot: another process may be creating the store at this moment.
func firstLook(c *sqlite.Conn, known int) (version int, err error) {
	end := sqlitex.Transaction(c)
	defer end(&err)
	return schemaVersion(c, known)
}

// schemaVersion says which schema the file has, 0 for an empty one. Its error is a *SchemaError.
func schemaVersion(c *sqlite.Conn, known int) (int, error) {
	found, err := pragma(c, "user_version")
	if sqlite.ErrCode(err) == sqlite.ResultNotADB {
		return 0, &SchemaError{Found: -1}
	}
	if err != nil {
		return 0, err
	}
	id, err := pragma(c, "application_id")
	if err != nil {
		return 0, err
	}
	tables, err := one(c, "SELECT count(*) FROM sqlite_master")
	if err != nil {
		return 0, err
	}
	if id != applicationID && (id != 0 || found != 0 || tables != 0) {
		return 0, &SchemaError{Found: -1}
	}
	if int(found) > known {
		return 0, &SchemaError{Found: int(found), Known: known}
	}
	return int(found), nil
}

// migrateOnce carries out the next migration, unless another process has done so meanwhile, and returns the version reached.
func migrateOnce(c *sqlite.Conn, scripts []string) (version int, err error) {
	end, err := sqlitex.ImmediateTransaction(c)
	if err != nil {
		return 0, err
	}
	defer end(&err)
	found, err := schemaVersion(c, len(scripts))
	if err != nil || found == len(scripts) {
		return found, err
	}
	version = found + 1
	script, err := migrations.ReadFile(scripts[version-1])
	if err != nil {
		return 0, err
	}
	text := fmt.Sprintf("%s;\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;", script, applicationID, version)
	if err := sqlitex.ExecuteScript(c, text, nil); err != nil {
		return 0, fmt.Errorf("migration to schema version %d: %w", version, err)
	}
	return version, nil
}

// enterWAL turns write-ahead logging on, which stays with the file. SQLite does not wait for others there.
func enterWAL(c *sqlite.Conn) error {
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(10 * time.Millisecond) {
		mode := ""
		err := sqlitex.ExecuteTransient(c, "PRAGMA journal_mode = WAL", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			mode = stmt.ColumnText(0)
			return nil
		}})
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return errors.New("the folder does not allow write-ahead logging; a network file system cannot hold a store")
		case sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(deadline):
			return err
		}
	}
}

func pragma(c *sqlite.Conn, name string) (int64, error) { return one(c, "PRAGMA "+name) }

// one runs a statement that gives one number.
func one(c *sqlite.Conn, sql string) (value int64, err error) {
	err = sqlitex.ExecuteTransient(c, sql, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		value = stmt.ColumnInt64(0)
		return nil
	}})
	return value, err
}

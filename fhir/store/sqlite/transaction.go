package sqlite

import (
	"errors"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// exec runs a statement that is needed now and then.
func (c *conn) exec(sql string, args ...any) error { return c.each(sql, nil, args...) }

// each does the same and calls fn with every row.
func (c *conn) each(sql string, fn func(*sqlite.Stmt) error, args ...any) error {
	return sqlitex.Execute(c.Conn, sql, &sqlitex.ExecOptions{Args: args, ResultFunc: fn})
}

// exclusive runs fn in a transaction of its own on the writer's connection, and commits it unless fn fails.
func (w *writer) exclusive(done <-chan struct{}, fn func() error) (err error) {
	j := &job{turn: make(chan struct{}), finished: make(chan struct{})}
	select {
	case w.queue <- j:
	case <-done:
		return errGivenUp
	}
	defer close(j.finished)
	select {
	case <-j.turn:
	case <-done:
		return errGivenUp
	}
	return w.transaction(fn)
}

const errGivenUp = constError("it was given up")

// transaction is exclusive for whoever has the writer to itself.
func (w *writer) transaction(fn func() error) error {
	if err := w.begin(); err != nil {
		return err
	}
	committed := false
	defer func() {
		w.fill = nil
		if !committed {
			w.rollback()
		}
	}()
	if err := fn(); err != nil {
		if errors.Is(err, errNothing) {
			return nil
		}
		return err
	}
	err := w.end()
	committed = err == nil
	return err
}

// errNothing ends a transaction that has nothing to commit.
const errNothing = constError("there is nothing to commit")

// millis is the time of table index_job and spare where it is about processes: not the clock that resources get their time from.
func millis() int64 { return time.Now().UnixMilli() }

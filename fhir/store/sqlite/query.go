package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// query runs a statement that is made for one question and calls each with every row. It ends when ctx does.
func (r *reader) query(ctx context.Context, s *statement, each func(*sqlite.Stmt) error) (err error) {
	if ctx.Err() != nil {
		return givenUp(ctx.Err())
	}
	ctx, end := r.conn.bounded(ctx)
	defer end()
	defer r.conn.watch(ctx)()
	stmt, done, err := r.conn.statement(s.String())
	if err != nil {
		return asOutcome(err)
	}
	defer func() { err = asOutcome(r.conn.exceeded(firstError(err, done()))) }()
	if err := s.bind(stmt); err != nil {
		return err
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		if err := each(stmt); err != nil {
			return err
		}
	}
}

// watch interrupts the connection's statements when ctx ends, until the function that it returns is called. Setting an interrupt
// anew for each query (sqlite.Conn.SetInterrupt) would cost a goroutine and more time than most queries take, so a
// connection keeps one, and gets another only when that has been used.
func (c *conn) watch(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	if c.interrupt == nil {
		c.interrupt = make(chan struct{})
		c.SetInterrupt(c.interrupt)
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		close(c.interrupt)
		close(done)
	})
	return func() {
		if !stop() {
			<-done
			c.SetInterrupt(nil)
			c.interrupt = nil
		}
	}
}

const (
	maxStatements = 256  // prepared statements that a connection keeps for queries: clients choose their shape
	maxKeptSQL    = 4096 // bytes of SQL of a statement that is kept
)

// statement prepares a query; done must be called when it is through. Queries write LIMIT (? + 0): where LIMIT has a bare
// argument, SQLite plans the statement anew for each value (and by far most of the time of a small search went there).
func (c *conn) statement(sql string) (stmt *sqlite.Stmt, done func() error, err error) {
	if len(sql) > maxKeptSQL {
		if stmt, _, err = c.PrepareTransient(sql); err != nil {
			return nil, nil, err
		}
		return stmt, stmt.Finalize, nil
	}
	stmt = c.kept[sql]
	if stmt == nil {
		if len(c.kept) >= maxStatements {
			c.forget()
		}
		if stmt, err = c.Prepare(sql); err != nil {
			return nil, nil, err
		}
		c.kept[sql] = stmt
	}
	// The arguments stay bound until the next use: to clear them makes SQLite plan the statement anew.
	return stmt, stmt.Reset, nil
}

// forget lets go of all kept statements: those that are asked for come back.
func (c *conn) forget() {
	for _, stmt := range c.kept {
		_ = stmt.Finalize()
	}
	clear(c.kept)
}

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// writer owns the one connection that writes. One goroutine serves the queue: it takes whatever is waiting, applies it in
// one SQLite transaction, and so lets many updates share one fsync (group commit).
type writer struct {
	store *Store
	conn  *conn
	queue chan *job
	done  chan struct{} // closed when the goroutine has ended

	counters counters
	commits  atomic.Int64
	tidied   int64 // commits when the log was emptied last
	wordings []wording
	expiring int // records that the running transaction has written
	journal  journal
	indexing
	log log
	writeStatements
}

// job is an update that wants to be committed: either staged writes, or a turn alone on the connection.
type job struct {
	tx       *stagedTx
	turn     chan struct{} // for a turn alone: closed when it begins
	finished chan struct{} // for a turn alone: closed by its owner
	result   chan error
}

// newWriter makes the writer; serve has to be started. The connection stays the caller's when that fails.
func newWriter(c *sqlite.Conn, s *Store) (*writer, error) {
	w := &writer{store: s, indexing: indexing{generation: -1}, queue: make(chan *job, 256), done: make(chan struct{}), log: newLog(s.options.Dir)}
	k, err := newConn(c)
	if err != nil {
		return nil, err
	}
	k.fresh, k.names = make(map[name]int64), s.names
	w.conn = k
	return w, w.writeStatements.prepare(c)
}

// send queues a job. The queue is open as long as an update is running: Store.Close waits for them.
func (w *writer) send(ctx context.Context, j *job) error {
	select {
	case w.queue <- j:
		return nil
	case <-ctx.Done():
		return givenUp(ctx.Err())
	}
}

// commit applies the writes of tx and returns when they are durable. Once queued it does not give up with the request's
// context: the outcome would be unknown. errConflict says that nothing was written and fn has to run again.
func (w *writer) commit(tx *stagedTx) error {
	j := &job{tx: tx, result: make(chan error, 1)}
	if err := w.send(tx.ctx, j); err != nil {
		return err
	}
	return <-j.result
}

// runAlone runs fn on the writer's connection while nobody else writes.
func (w *writer) runAlone(ctx context.Context, guards []string, fn func(fhir.Tx) error) (err error) {
	j := &job{turn: make(chan struct{}), finished: make(chan struct{})}
	if err := w.send(ctx, j); err != nil {
		return err
	}
	defer close(j.finished)
	select {
	case <-j.turn:
	case <-ctx.Done():
		return givenUp(ctx.Err()) // the turn passes as soon as it comes
	}
	if err := w.begin(); err != nil {
		return asOutcome(err)
	}
	committed := false
	defer func() {
		if !committed { // fn failed or panicked
			w.rollback()
		}
	}()
	tx := &aloneTx{reader: reader{w.store, w.conn}, writer: w}
	if err := fn(tx); err != nil {
		return err
	}
	if !tx.wrote {
		return nil
	}
	if err := tx.sound(); err != nil {
		return err
	}
	for _, guard := range guards {
		if err := w.takeGuard(guard); err != nil {
			return asOutcome(err)
		}
	}
	if err := w.end(); err != nil {
		return asOutcome(err)
	}
	committed = true
	return nil
}

// maxGroup bounds the writes that share a commit, and with them what a crash can leave unacknowledged.
const maxGroup = 4096

func (w *writer) serve() {
	defer close(w.done)
	var next *job
	for {
		j := next
		if next = nil; j == nil {
			var ok bool
			if j, ok = w.wait(); !ok {
				return
			}
		}
		if j.turn != nil {
			close(j.turn)
			<-j.finished
			continue
		}
		group, writes := []*job{j}, j.tx.size()
		for writes < maxGroup && next == nil {
			select {
			case j, ok := <-w.queue:
				switch {
				case !ok:
					w.commitGroup(group)
					return
				case j.turn != nil:
					next = j // after this group
				default:
					group, writes = append(group, j), writes+j.tx.size()
				}
				continue
			default:
			}
			break
		}
		w.commitGroup(group)
	}
}

// wait waits for the next job; ok is false when there will be none. If that takes long, it uses the time.
func (w *writer) wait() (j *job, ok bool) {
	if since := w.commits.Load() - w.tidied; since > 0 {
		length := quiet
		if since >= aLot {
			length = shortQuiet
		}
		idle := time.NewTimer(length)
		defer idle.Stop()
		select {
		case j, ok = <-w.queue:
			return j, ok
		case <-idle.C:
			w.sweepIdle()
			w.log.empty(w.conn)
			w.tidied = w.commits.Load()
		}
	}
	j, ok = <-w.queue
	return j, ok
}

// commitGroup commits the jobs together. If that fails for another reason than a conflict, it commits them one by one, so
// that one job that cannot be written does not take the others with it.
func (w *writer) commitGroup(group []*job) {
	results, err := w.tryGroup(group)
	if err != nil && len(group) > 1 {
		for _, j := range group {
			w.commitGroup([]*job{j})
		}
		return
	}
	for i, j := range group {
		if err != nil {
			j.result <- err
		} else {
			j.result <- results[i]
		}
	}
}

func (w *writer) tryGroup(group []*job) (results []error, err error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	results = make([]error, len(group))
	applied := 0
	for i, j := range group {
		err := w.verify(j.tx)
		if errors.Is(err, errConflict) {
			results[i] = err
			continue
		}
		if err == nil {
			err = w.applyAll(j.tx)
		}
		if err != nil {
			w.rollback()
			return nil, err
		}
		applied++
	}
	if applied == 0 {
		w.rollback()
		return results, nil
	}
	if err := w.end(); err != nil {
		w.rollback()
		return nil, err
	}
	return results, nil
}

func (w *writer) begin() error {
	if err := run(w.beginImmediate); err != nil {
		return err
	}
	if err := w.count(); err != nil {
		w.rollback()
		return err
	}
	return nil
}

func (w *writer) end() error {
	if err := firstError(w.writeWords(), w.settle(), w.writeJournal(), w.sweepRecords()); err != nil {
		return err
	}
	if err := run(w.conn.endStmt); err != nil {
		return err
	}
	w.commits.Add(1)
	w.publish()
	w.store.bell.Ring()
	w.settled()
	w.log.bound(w.conn)
	return nil
}

func (w *writer) rollback() {
	clear(w.conn.fresh)
	w.wordings, w.expiring = w.wordings[:0], 0
	w.journal.forget()
	w.unsettled()
	w.counters.valid = false
	// SQLite has rolled back by itself after some errors; the statement then fails, which is fine.
	_ = run(w.conn.rollbackStmt)
}

// close ends the goroutine; no update may be running.
func (w *writer) close() error {
	close(w.queue)
	<-w.done
	if err := w.conn.Close(); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

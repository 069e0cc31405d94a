package mongo

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// writer commits for this process. One goroutine serves the queue: it takes whatever is waiting and commits it in one transaction, so
// that updates of one process never run into each other, and share the round trips.
type writer struct {
	store *Store
	queue chan *job
	done  chan struct{}

	knocked atomic.Int64 // how often this process has knocked
	foreign int64        // knocks of others that have been seen; it belongs to whoever has the turn
}

// job is an update that wants to be committed: either staged writes, or a turn within a transaction of its own.
type job struct {
	tx       *stagedTx
	turn     chan struct{} // begins the turn
	finished chan struct{} // closed by its owner
	result   chan error
}

func newWriter(s *Store) *writer {
	return &writer{store: s, queue: make(chan *job, 256), done: make(chan struct{})}
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

// commit commits the writes of tx and returns when they are durable. Once queued it does not give up with the request's context: the
// outcome would be unknown. errConflict says that nothing was written and fn has to run again.
func (w *writer) commit(tx *stagedTx) error {
	j := &job{tx: tx, result: make(chan error, 1)}
	if err := w.send(tx.ctx, j); err != nil {
		return err
	}
	return <-j.result
}

// maxGroup bounds the writes that share a commit.
const maxGroup = 1000

func (w *writer) serve() {
	defer close(w.done)
	var next *job
	for {
		j := next
		if next = nil; j == nil {
			var ok bool
			if j, ok = <-w.queue; !ok {
				return
			}
		}
		if j.turn != nil {
			close(j.turn)
			<-j.finished
			continue
		}
		group, size := []*job{j}, len(j.tx.writes)
		for waiting := true; waiting && size < maxGroup && next == nil; {
			select {
			case j, ok := <-w.queue:
				switch {
				case !ok:
					w.commitGroup(group)
					return
				case j.turn != nil:
					next = j // after this group
				default:
					group, size = append(group, j), size+len(j.tx.writes)
				}
			default:
				waiting = false
			}
		}
		w.commitGroup(group)
	}
}

func (w *writer) close() {
	close(w.queue)
	<-w.done
}

// commitGroup commits jobs together. If that fails for another reason than a conflict, it commits them one by one, so that one
// that cannot be written does not take the others with it.
func (w *writer) commitGroup(group []*job) {
	start := time.Now()
	results, knocks, err := w.tryGroup(group)
	var unknown *unknownCommit
	if err != nil && len(group) > 1 && !errors.As(err, &unknown) && fhir.CodeOf(err) != fhir.Transient {
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
	if err == nil {
		w.giveWay(knocks, time.Since(start))
	}
}

// tryGroup commits those of the jobs that nobody has got in the way of, and says of each whether it was.
func (w *writer) tryGroup(group []*job) (results []error, knocks int64, err error) {
	s := w.store
	ctx, cancel := context.WithTimeout(context.Background(), commitTime)
	defer cancel()
	for _, j := range group {
		if err := s.ensureFor(ctx, j.tx.writes); err != nil {
			return nil, 0, asOutcome(err)
		}
	}
	results = make([]error, len(group))
	overtaken(group, results)
	stale := false // what is indexed has changed
	defer func() {
		if stale {
			err = errors.Join(err, s.refresh(ctx))
		}
	}()
	for {
		left := remaining(results)
		if left == 0 {
			return results, knocks, nil
		}
		dropped := false
		err := s.transact(ctx, func(ctx context.Context, session *driver.Session) error {
			c, err := s.begin(ctx, session, guardsOf(group, results))
			if err != nil {
				return err
			}
			knocks = c.counters.Knocks
			if dropped, err = c.verify(group, results, &stale); err != nil || dropped {
				return errors.Join(err, errDropped)
			}
			for i, j := range group {
				if results[i] == nil {
					c.addAll(j.tx)
				}
			}
			err = c.finish()
			stale = stale || c.settled
			return err
		})
		if err == nil || !dropped {
			return results, knocks, err
		}
	}
}

// errDropped begins the transaction anew, without the jobs that have been found to be overtaken: their guards must not count.
const errDropped = constError("a job of the group has been overtaken")

func remaining(results []error) (n int) {
	for _, err := range results {
		if err == nil {
			n++
		}
	}
	return n
}

func guardsOf(group []*job, results []error) (guards []string) {
	for i, j := range group {
		if results[i] == nil {
			guards = append(guards, j.tx.guards...)
		}
	}
	slices.Sort(guards)
	return slices.Compact(guards)
}

// overtaken finds the jobs that write or have read what one before them in the group writes: they began before that was committed.
func overtaken(group []*job, results []error) {
	resources, records, kinds := make(map[string]bool), make(map[recordName]bool), make(map[string]bool)
	for i, j := range group {
		stale := false
		for _, wr := range j.tx.writes {
			stale = stale || resources[wr.typ+"/"+wr.id]
		}
		for n := range j.tx.records.read {
			stale = stale || records[n]
		}
		for _, l := range j.tx.records.lists {
			stale = stale || kinds[l.kind]
		}
		if stale {
			results[i] = errConflict
			continue
		}
		for _, wr := range j.tx.writes {
			resources[wr.typ+"/"+wr.id] = true
		}
		for n := range j.tx.records.writes {
			records[n], kinds[n.kind] = true, true
		}
	}
}

// verify finds the jobs that others have got in the way of since their snapshots.
func (c *commit) verify(group []*job, results []error, stale *bool) (dropped bool, err error) {
	wanted := make(map[string][]string)
	var names []recordName
	for i, j := range group {
		if results[i] != nil {
			continue
		}
		for _, wr := range j.tx.writes {
			wanted[wr.typ] = append(wanted[wr.typ], wr.id)
		}
		for n := range j.tx.records.read {
			names = append(names, n)
		}
	}
	versions, err := c.currentVersions(wanted)
	if err != nil {
		return false, err
	}
	records, err := c.recordVersions(names)
	if err != nil {
		return false, err
	}
	for i, j := range group {
		if results[i] != nil {
			continue
		}
		if len(j.tx.writes) > 0 && j.tx.generation != c.counters.Generation {
			results[i], dropped, *stale = errConflict, true, true
			continue
		}
		ok, err := c.holds(j.tx, versions, records)
		if err != nil {
			return false, err
		}
		if !ok {
			results[i], dropped = errConflict, true
		}
	}
	return dropped, nil
}

// holds reports whether what an update has seen is still so.
func (c *commit) holds(tx *stagedTx, versions, records map[string]int64) (bool, error) {
	for _, wr := range tx.writes {
		if versions[wr.typ+"/"+wr.id] != wr.old.vid {
			return false, nil
		}
	}
	for guard, count := range tx.counts {
		now, taken := c.before[guard]
		if !taken {
			var err error
			if now, err = c.GuardCount(c.ctx, guard); err != nil {
				return false, err
			}
		}
		if now != count {
			return false, nil
		}
	}
	for n, version := range tx.records.read {
		if records[n.id()] != version {
			return false, nil
		}
	}
	for i := range tx.records.lists {
		if ok, err := c.listHolds(&tx.records.lists[i]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (c *commit) addAll(tx *stagedTx) {
	for _, wr := range tx.writes {
		c.put(wr)
	}
	for n, r := range tx.records.writes {
		c.records[n] = r
	}
	for _, e := range tx.entries {
		c.appendEntry(e)
	}
}

// ensureFor makes the collections that writes need.
func (s *Store) ensureFor(ctx context.Context, writes []*write) error {
	for _, wr := range writes {
		for _, name := range []string{wr.typ, wr.typ + historySuffix} {
			if err := s.ensure(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// knock waits until the commit of another process that is under way is over, and lets that process know that somebody waits: a
// write outside of a transaction waits at the server for the transaction that holds the document.
func (s *Store) knock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, knocking)
	defer cancel()
	_, err := s.db.Collection(stateName).UpdateOne(ctx, bson.D{{Key: "_id", Value: commitState}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "knocks", Value: int64(1)}}}}, options.UpdateOne())
	if err == nil {
		s.writer.knocked.Add(1)
	}
}

// giveWay lets another process commit before the next turn, if one has knocked.
func (w *writer) giveWay(knocks int64, took time.Duration) {
	foreign := knocks - w.knocked.Load()
	if foreign != w.foreign {
		w.foreign = foreign
		time.Sleep(min(max(2*took, 4*leastBackoff), 2*mostBackoff))
	}
}

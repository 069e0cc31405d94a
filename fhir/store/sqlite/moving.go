package sqlite

import (
	"context"
	"errors"
	"fmt"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// RecordKinds lists the kinds of records that there are, for whoever copies the store.
func (s *Store) RecordKinds(ctx context.Context) (kinds []string, err error) {
	err = s.snapshot(ctx, func(r reader) error {
		return r.query(ctx, sql("SELECT DISTINCT kind FROM record ORDER BY kind"), func(stmt *sqlite.Stmt) error {
			kinds = append(kinds, stmt.ColumnText(0))
			return nil
		})
	})
	return kinds, err
}

// Guards gives at most max guards after a key, in order, with how often each has been taken, for whoever copies the store.
func (s *Store) Guards(ctx context.Context, after string, max int) (counts map[string]int64, last string, err error) {
	counts = make(map[string]int64)
	err = s.snapshot(ctx, func(r reader) error {
		return r.query(ctx, sql("SELECT key, n FROM guard WHERE key > ? ORDER BY key LIMIT (? + 0)", after, max), func(stmt *sqlite.Stmt) error {
			last = stmt.ColumnText(0)
			counts[last] = stmt.ColumnInt64(1)
			return nil
		})
	})
	return counts, last, err
}

// RestoreGuards says how often guards have been taken: in a copy, where nobody has taken them yet.
func (s *Store) RestoreGuards(ctx context.Context, counts map[string]int64) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	err := s.writer.exclusive(ctx.Done(), func() error {
		for key, n := range counts {
			if err := s.writer.conn.exec("INSERT INTO guard (key, n) VALUES (?, ?) ON CONFLICT DO UPDATE SET n = excluded.n", key, n); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errGivenUp) {
		return givenUp(ctx.Err())
	}
	return asOutcome(err)
}

// Restore writes versions as they were in another store, with their times, in one commit: in a copy, where nobody else writes. They
// are to come in the order of their commits, each after the one before it of its resource.
func (s *Store) Restore(ctx context.Context, events []fhir.Event) error {
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	return asOutcome(s.writer.runAlone(ctx, nil, func(tx fhir.Tx) error {
		alone, ok := tx.(*aloneTx)
		if !ok {
			return fhir.Internal(errNotAlone)
		}
		for i := range events {
			if err := alone.restore(ctx, &events[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

const errNotAlone = constError("a copy has to be written alone")

func (tx *aloneTx) restore(ctx context.Context, e *fhir.Event) (err error) {
	c := &tx.writer.counters
	c.now = max(c.at, e.LastUpdated.UnixMilli())
	var v *fhir.Version
	if e.Method == fhir.Delete {
		v, err = tx.Delete(ctx, e.Type, e.ID)
	} else {
		v, err = tx.Put(ctx, e.Resource)
	}
	if err != nil {
		return fmt.Errorf("version %s of a %s: %w", e.VersionID, e.Type, err)
	}
	if v.VersionID != e.VersionID || !v.LastUpdated.Equal(e.LastUpdated) {
		return fmt.Errorf("version %s of a %s of %s would become version %s of %s", e.VersionID, e.Type, e.LastUpdated, v.VersionID, v.LastUpdated)
	}
	return nil
}

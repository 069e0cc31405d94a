package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Check looks the whole store over on a snapshot: SQLite's own structures, the versions and what points at them, whether the
// search index is what the resources give, and the journal. The error lists what is wrong; it names resources by type and id, and never
// what they hold. It reads everything, so it takes a while.
func (s *Store) Check(ctx context.Context) error {
	return s.snapshot(ctx, func(r reader) error {
		k := &checking{reader: r, ctx: ctx}
		for _, step := range []func() error{k.integrity, k.versions, k.index, k.words, k.journal} {
			if err := step(); err != nil {
				return err
			}
		}
		return errors.Join(k.problems...)
	})
}

// checking is one run of Check.
type checking struct {
	reader
	ctx      context.Context
	problems []error

	partial map[int64]bool // numbers of slots that are being filled
	except  string         // the condition that a slot is none of them

	rewording bool // the full text index is being filled
}

// maxProblems bounds what is listed: one cause tends to show in many places.
const maxProblems = 50

func (k *checking) problem(format string, args ...any) {
	if len(k.problems) < maxProblems {
		k.problems = append(k.problems, fmt.Errorf(format, args...))
	}
}

func (k *checking) integrity() error {
	// SQLite checks table words by what this connection remembers of its structure, which is old when others have written
	// since, and says "corruption". A look-up makes it remember anew.
	if err := k.query(k.ctx, sql("SELECT 1 FROM words WHERE words MATCH 'a'"), func(*sqlite.Stmt) error { return nil }); err != nil {
		return err
	}
	return k.query(k.ctx, sql("PRAGMA integrity_check"), func(stmt *sqlite.Stmt) error {
		if text := stmt.ColumnText(0); text != "ok" {
			k.problem("SQLite: %s", text)
		}
		return nil
	})
}

// versions asks questions to which every row in the answer is a mistake.
func (k *checking) versions() error {
	for _, q := range []struct{ problem, sql string }{
		{"versions are missing from the commit order",
			"SELECT 1 FROM (SELECT max(seq) - min(seq) + 1 - count(*) AS gaps, min(seq) AS first FROM version) WHERE gaps <> 0 OR first <> 1"},
		{"version %d is older than the one before it",
			"SELECT seq FROM (SELECT seq, at, lag(at) OVER (ORDER BY seq) AS before FROM version) WHERE at < before"},
		{"resource %d has no current version, or one that is not its own",
			"SELECT c.rid FROM current c LEFT JOIN version v ON v.seq = c.seq AND v.rid = c.rid AND (v.method = 3) = c.deleted AND (v.body IS NULL) = c.deleted WHERE v.seq IS NULL"},
		{"there are more or fewer ids than resources",
			"SELECT 1 WHERE (SELECT count(*) FROM resource) <> (SELECT count(*) FROM current)"},
		{"the id of resource %d leads to nothing, or is one of several",
			"SELECT (r.type << 32 | r.n) AS rid FROM resource r LEFT JOIN current c ON c.rid = (r.type << 32 | r.n) GROUP BY rid HAVING count(*) <> 1 OR c.rid IS NULL"},
		{"a former version of resource %d is not where it should be",
			"SELECT s.rid FROM superseded s LEFT JOIN version v ON v.seq = s.seq AND v.rid = s.rid AND v.vid = s.vid WHERE v.seq IS NULL"},
		{"the version ids of resource %d do not count from 1",
			"SELECT rid FROM version GROUP BY rid HAVING min(vid) <> 1 OR max(vid) <> count(*) OR count(DISTINCT vid) <> count(*)"},
		{"version %d is neither current nor a former one",
			"SELECT v.seq FROM version v LEFT JOIN current c ON c.rid = v.rid LEFT JOIN superseded s ON s.rid = v.rid AND s.vid = v.vid WHERE (coalesce(c.seq, 0) = v.seq) + (coalesce(s.seq, 0) = v.seq) <> 1"},
		{"version %d does not follow in time of writing on the version before it",
			"SELECT a.seq FROM superseded a JOIN superseded b ON b.rid = a.rid AND b.vid = a.vid + 1 WHERE b.seq <= a.seq"},
	} {
		if err := k.query(k.ctx, sql(q.sql+" LIMIT 10"), func(stmt *sqlite.Stmt) error {
			if strings.Contains(q.problem, "%d") {
				k.problem(q.problem, stmt.ColumnInt64(0))
			} else {
				k.problem("%s", q.problem)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

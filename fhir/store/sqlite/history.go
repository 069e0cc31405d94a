package sqlite

import (
	"context"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// History implements fhir.Reader.
func (r *reader) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	where := []string{"1"}
	var args []any
	if q.ID != "" {
		got, err := r.row(q.Type, q.ID)
		if err != nil {
			return nil, err
		}
		if !got.exists() {
			return nil, notFound(q.Type, q.ID)
		}
		where = append(where, "v.seq IN (SELECT seq FROM superseded WHERE rid = ? UNION ALL SELECT seq FROM current WHERE rid = ?)")
		args = append(args, got.rid, got.rid)
	} else if q.Type != "" {
		typ, err := r.store.names.id(r.conn, typeName, q.Type)
		if err != nil {
			return nil, asOutcome(err)
		}
		where, args = append(where, "v.rid >> 32 = ?"), append(args, typ)
	}
	if !q.Since.IsZero() {
		seq, err := r.firstSince(q.Since)
		if err != nil {
			return nil, asOutcome(err)
		}
		where, args = append(where, "v.seq >= ?"), append(args, seq)
	}
	if q.At != nil {
		// Current at some time during the interval: written before its end, and not replaced before its start.
		where = append(where, `v.at < ? AND NOT EXISTS (SELECT 1 FROM version w WHERE w.at <= ? AND w.seq = coalesce(
			(SELECT s.seq FROM superseded s WHERE s.rid = v.rid AND s.vid = v.vid + 1),
			(SELECT c.seq FROM current c WHERE c.rid = v.rid AND c.seq > v.seq)))`)
		args = append(args, millisUp(q.At.High), q.At.Low.UnixMilli())
	}
	page := &fhir.HistoryPage{Total: -1}
	if q.ID != "" {
		total := sql("SELECT count(*) FROM version v WHERE "+strings.Join(where, " AND "), args...)
		if err := r.query(ctx, total, func(stmt *sqlite.Stmt) error {
			page.Total = stmt.ColumnInt(0)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if q.Before > 0 {
		where, args = append(where, "v.seq < ?"), append(args, int64(q.Before))
	}
	events, err := r.events(ctx, sql("SELECT seq, rid, vid, at, method, id, body FROM version v WHERE "+strings.Join(where, " AND ")+
		" ORDER BY seq DESC LIMIT (? + 0)", append(args, q.Count+1)...))
	if err != nil {
		return nil, err
	}
	if len(events) > q.Count {
		events = events[:q.Count]
		page.Next = q.Before
		if q.Count > 0 {
			page.Next = events[q.Count-1].Seq
		}
	}
	page.Events = events
	return page, nil
}

// firstSince is the first version written at or after t. Time never runs against the order of versions, so it is found
// by bisection.
func (r *reader) firstSince(t time.Time) (int64, error) {
	since := millisUp(t)
	newest, err := number(r.conn.newestSeq)
	low, high := int64(1), newest+1
	for err == nil && low < high {
		middle := low + (high-low)/2
		var at int64
		if at, err = number(r.conn.firstAt, middle); at < since {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, err
}

// events reads versions; the statement must give the columns seq, rid, vid, at, method, id, body.
func (r *reader) events(ctx context.Context, s *statement) (events []fhir.Event, err error) {
	err = r.query(ctx, s, func(stmt *sqlite.Stmt) error {
		typ, err := r.store.names.typeOf(r.conn, stmt.ColumnInt64(1))
		if err != nil {
			return err
		}
		e := fhir.Event{
			Seq: fhir.Seq(stmt.ColumnInt64(0)), Type: typ,
			VersionID: strconv.FormatInt(stmt.ColumnInt64(2), 10), LastUpdated: timeOf(stmt.ColumnInt64(3)),
		}
		switch stmt.ColumnInt64(4) {
		case created:
			e.Method = fhir.Create
		case updated:
			e.Method = fhir.Update
		case deleted:
			e.Method, e.ID = fhir.Delete, stmt.ColumnText(5)
		}
		if e.Method != fhir.Delete {
			body := stmt.ColumnText(6)
			e.ID = idOf(body, typ)
			e.Resource = fhir.Stored(typ, e.ID, e.VersionID, e.LastUpdated, body)
		}
		events = append(events, e)
		return nil
	})
	return events, err
}

// idOf reads the id from a stored body, which begins with the type and the id (fhir.Resource.Body).
func idOf(body, typ string) string {
	from := len(`{"resourceType":"","id":"`) + len(typ)
	if len(body) < from {
		return ""
	}
	id, _, _ := strings.Cut(body[from:], `"`)
	return id
}

// Events implements fhir.Store.
func (s *Store) Events(ctx context.Context, after fhir.Seq, max int) ([]fhir.Event, error) {
	var list []fhir.Event
	err := s.snapshot(ctx, func(r reader) (err error) {
		if max > 0 { // SQLite takes a negative limit for none
			list, err = r.events(ctx, sql("SELECT seq, rid, vid, at, method, id, body FROM version v WHERE seq > ? ORDER BY seq LIMIT (? + 0)", int64(after), max))
		}
		return err
	})
	return list, err
}

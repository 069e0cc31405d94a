package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// reader is the reading half of every Tx, on one connection within one transaction.
type reader struct {
	store *Store
	conn  *conn
}

// row is the current version of a resource as the store has it. The zero row stands for "never existed".
type row struct {
	rid, seq, vid int64
	at            int64
	body          string
	deleted       bool
}

func (r row) exists() bool { return r.rid != 0 }

func timeOf(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

func (r row) resource(typ, id string) *fhir.Resource {
	return fhir.Stored(typ, id, strconv.FormatInt(r.vid, 10), timeOf(r.at), r.body)
}

// row reads the current version.
func (r *reader) row(typ, id string) (row, error) {
	t, err := r.store.names.id(r.conn, typeName, typ)
	if err != nil || t == 0 {
		return row{}, asOutcome(err)
	}
	stmt := r.conn.current
	stmt.BindInt64(1, t)
	bindID(stmt, 2, id)
	found, err := stmt.Step()
	var got row
	if found {
		got = row{rid: stmt.ColumnInt64(0), seq: stmt.ColumnInt64(1), vid: stmt.ColumnInt64(2), at: stmt.ColumnInt64(3)}
		if got.deleted = stmt.ColumnIsNull(4); !got.deleted {
			got.body = stmt.ColumnText(4)
		}
	}
	return got, asOutcome(firstError(err, stmt.Reset()))
}

func notFound(typ, id string) error {
	return fhir.Errorf(fhir.NotFound, "there is no %s with this id", typ)
}

func gone(typ string) error {
	return fhir.Errorf(fhir.Deleted, "this %s has been deleted", typ)
}

// Read implements fhir.Reader.
func (r *reader) Read(_ context.Context, typ, id string) (*fhir.Resource, error) {
	got, err := r.row(typ, id)
	switch {
	case err != nil:
		return nil, err
	case !got.exists():
		return nil, notFound(typ, id)
	case got.deleted:
		return nil, gone(typ)
	}
	return got.resource(typ, id), nil
}

// VRead implements fhir.Reader.
func (r *reader) VRead(_ context.Context, typ, id, version string) (*fhir.Resource, error) {
	got, err := r.row(typ, id)
	if err != nil {
		return nil, err
	}
	vid, parseErr := strconv.ParseInt(version, 10, 64)
	if !got.exists() || parseErr != nil || version != strconv.FormatInt(vid, 10) {
		return nil, fhir.Errorf(fhir.NotFound, "there is no such version of this %s", typ)
	}
	if vid != got.vid {
		if got, err = r.old(got.rid, vid); err != nil {
			return nil, err
		}
		if !got.exists() {
			return nil, fhir.Errorf(fhir.NotFound, "there is no such version of this %s", typ)
		}
	}
	if got.deleted {
		return nil, fhir.Errorf(fhir.Deleted, "this version says that the %s was deleted", typ)
	}
	return got.resource(typ, id), nil
}

// old reads a version before the current one.
func (r *reader) old(rid, vid int64) (row, error) {
	stmt := r.conn.superseded
	stmt.BindInt64(1, rid)
	stmt.BindInt64(2, vid)
	found, err := stmt.Step()
	seq := int64(0)
	if found {
		seq = stmt.ColumnInt64(0)
	}
	if err = firstError(err, stmt.Reset()); err != nil || !found {
		return row{}, asOutcome(err)
	}
	stmt = r.conn.version
	stmt.BindInt64(1, seq)
	found, err = stmt.Step()
	var got row
	if found {
		got = row{rid: rid, seq: seq, vid: stmt.ColumnInt64(0), at: stmt.ColumnInt64(1)}
		if got.deleted = stmt.ColumnIsNull(2); !got.deleted {
			got.body = stmt.ColumnText(2)
		}
	}
	if err == nil && !found {
		err = fmt.Errorf("version %d of resource %d points to %d, which is not there", vid, rid, seq)
	}
	return got, asOutcome(firstError(err, stmt.Reset()))
}

// GuardCount implements fhir.Tx.
func (r *reader) GuardCount(_ context.Context, guard string) (int64, error) {
	n, err := r.conn.guardCount(guard)
	return n, asOutcome(err)
}

func (c *conn) guardCount(guard string) (n int64, err error) {
	stmt := c.guard
	stmt.BindText(1, guard)
	found, err := stmt.Step()
	if found {
		n = stmt.ColumnInt64(0)
	}
	return n, firstError(err, stmt.Reset())
}

// viewTx is the Tx of View.
type viewTx struct{ reader }

func (*viewTx) Put(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

func (*viewTx) Create(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

func (*viewTx) Delete(context.Context, string, string) (*fhir.Version, error) {
	return nil, fhir.Internal(errReadOnly)
}

const errReadOnly = constError("a View cannot write")

// constError is an error that is a constant.
type constError string

func (e constError) Error() string { return string(e) }

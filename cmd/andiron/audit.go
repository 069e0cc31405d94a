package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"andiron.dev/smart/audit"
)

// auditCommand reads the audit trail of a store. A server may be running on it.
type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Tell whether the audit trail is what was entered."`
	List   auditListCommand   `cmd:"" help:"Print AuditEvents, one a line."`
}

// trail opens the store, calls fn with its audit trail, and closes both.
func (f *storeFlags) trail(fn func(*store, *audit.Trail) error) (err error) {
	place, err := f.place()
	if err != nil {
		return &usageError{[]string{err.Error()}}
	}
	if there, err := place.exists(context.Background()); err == nil && !there {
		return fmt.Errorf("there is no store in %s", place) // opening it would make one, with a trail that is sound because it is empty
	}
	st, err := f.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	t, err := audit.New(audit.Config{Store: st, Spec: st.spec, Params: st.params})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	return plainly(fn(st, t))
}

var _ audit.Verifier = (*store)(nil)

// examined is what verify prints.
type examined struct {
	Intact bool `json:"intact"`
	*audit.Report
	Anchored *bool `json:"anchored,omitempty"` // whether the entry of --anchor has the hash that it once had
}

// sound reports whether nothing is wrong.
func (e *examined) sound() bool { return e.Intact && (e.Anchored == nil || *e.Anchored) }

func (e *examined) String() string {
	switch {
	case !e.Intact:
		return fmt.Sprintf("entry %d of the audit trail is not what was entered, or is missing", e.FirstBroken)
	case e.Anchored != nil && !*e.Anchored:
		return "the audit trail does not hold the entry that --anchor names: entries were cut off, or all of it was made anew"
	}
	return fmt.Sprintf("%d entries, and all are what was entered; the last is %d:%s", e.Entries, e.Last, e.Hash)
}

// examine follows the chain, and looks for an entry that was there once.
func examine(ctx context.Context, st *store, anchor string) (*examined, error) {
	report, err := audit.Examine(ctx, st, time.Time{}, time.Time{}, nil)
	if err != nil {
		return nil, err
	}
	out := &examined{Intact: report.Intact(), Report: report}
	if anchor == "" {
		return out, nil
	}
	seq, hash, err := parseAnchor(anchor)
	if err != nil {
		return nil, err
	}
	ok, err := audit.Anchored(ctx, st, seq, hash)
	out.Anchored = &ok
	return out, err
}

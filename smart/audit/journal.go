package audit

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// journal is the trail as it is read within a transaction.
type journal struct {
	ctx     context.Context
	trail   *Trail
	tx      fhir.Tx
	entries func(context.Context, fhir.JournalQuery) ([]*fhir.JournalEntry, error)
}

// entryReader is a Tx that reads the journal itself: on another connection than its own, transactions could come to wait for each other.
type entryReader interface {
	Entries(ctx context.Context, q fhir.JournalQuery) ([]*fhir.JournalEntry, error)
}

func (tx *readTx) journal(ctx context.Context) *journal {
	j := &journal{ctx: ctx, trail: tx.store.trail, tx: tx.Tx, entries: tx.store.Entries}
	if own, ok := tx.Tx.(entryReader); ok {
		j.entries = own.Entries
	}
	return j
}

// open makes ready to give the AuditEvents of an entry; nil for an entry that is none of ours.
func (j *journal) open(entry *fhir.JournalEntry) *resources {
	e, err := Decode(entry)
	if err != nil {
		return nil
	}
	return &resources{trail: j.trail, entry: entry, event: e, whole: seesQueries(smart.From(j.ctx), e)}
}

// seesQueries reports whether somebody may see what an event's search asked for: it may name others than the patient whose data was found.
// Those may who asked themselves, whoever watches the trail, programs that act for themselves, and the server.
func seesQueries(who *smart.Principal, e *Event) bool {
	if who == nil || who.Subject == e.Subject || !strings.HasPrefix(who.Subject, "user:") {
		return true
	}
	return slices.ContainsFunc(who.Roles, func(role string) bool { return role == "auditor" || role == "privacy-officer" })
}

// read is Reader.Read for an AuditEvent.
func (j *journal) read(id string) (*fhir.Resource, error) {
	seq, n, ok := parseID(id)
	if !ok {
		return nil, noEvent()
	}
	entries, err := j.entries(j.ctx, fhir.JournalQuery{After: seq - 1, Before: seq + 1, Max: 1})
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || entries[0].Seq != seq {
		return nil, noEvent()
	}
	r := j.open(entries[0])
	if r == nil {
		return nil, noEvent()
	}
	if several := r.count() > 1; several != (n >= 0) || n >= r.count() {
		return nil, noEvent()
	}
	return r.resource(max(n, 0)), nil
}

func noEvent() error { return fhir.NewOutcome(fhir.NotFound, "there is no AuditEvent with this id") }

// places is how many places of a type history an entry has room for: a place is one AuditEvent.
const places = 1 << 20

// history is Reader.History for AuditEvents: each has one version, its creation.
func (j *journal) history(q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	if q.ID != "" {
		r, err := j.read(q.ID)
		if err != nil {
			return nil, err
		}
		page := &fhir.HistoryPage{}
		if inHistory(q, r) {
			page.Total = 1
			if seq, _, _ := parseID(q.ID); q.Count > 0 && (q.Before == 0 || fhir.Seq(seq*places) < q.Before) {
				page.Events = []fhir.Event{created(fhir.Seq(seq*places), r)}
			}
		}
		return page, nil
	}
	page := &fhir.HistoryPage{Total: -1}
	ask := fhir.JournalQuery{From: q.Since, Descending: true, Max: pageOfEntries}
	if q.Before > 0 {
		ask.Before = int64(q.Before)/places + 1
	}
	for {
		entries, err := j.entries(j.ctx, ask)
		if err != nil || len(entries) == 0 {
			return page, err
		}
		for _, entry := range entries {
			ask.Before = entry.Seq
			r := j.open(entry)
			if r == nil {
				continue
			}
			for n := min(r.count(), places) - 1; n >= 0; n-- {
				at := fhir.Seq(entry.Seq*places + int64(n))
				if q.Before > 0 && at >= q.Before {
					continue
				}
				one := r.resource(n)
				if !inHistory(q, one) {
					continue
				}
				if len(page.Events) == q.Count {
					if page.Next = q.Before; q.Count > 0 {
						page.Next = page.Events[q.Count-1].Seq
					}
					return page, nil
				}
				page.Events = append(page.Events, created(at, one))
			}
		}
	}
}

// inHistory reports whether a version is one that a history asks for: from when it was written, it is current for ever.
func inHistory(q fhir.HistoryQuery, r *fhir.Resource) bool {
	if !q.Since.IsZero() && r.LastUpdated().Before(q.Since) {
		return false
	}
	return q.At == nil || q.At.High.IsZero() || r.LastUpdated().Before(q.At.High)
}

func created(at fhir.Seq, r *fhir.Resource) fhir.Event {
	return fhir.Event{Seq: at, Type: auditEvent, ID: r.ID(), VersionID: r.VersionID(), LastUpdated: r.LastUpdated(), Method: fhir.Create, Resource: r}
}

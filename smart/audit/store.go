package audit

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/compartment"
)

// Store is inner with the audit trail: whatever an update writes, the event that tells of it is in the same commit, and AuditEvents are
// read and searched as if they were stored like other resources, but nobody can write them.
//
// It is an Indexer where inner is one.
func (t *Trail) Store(inner fhir.Store) fhir.Store {
	s := &store{Store: inner, trail: t}
	if x, ok := inner.(fhir.Indexer); ok {
		return &indexedStore{store: s, Indexer: x}
	}
	return s
}

type store struct {
	fhir.Store
	trail *Trail
}

type indexedStore struct {
	*store
	fhir.Indexer
}

// View implements fhir.Store.
func (s *store) View(ctx context.Context, fn func(fhir.Tx) error) error {
	r, who := requestOf(ctx), smart.From(ctx)
	return s.Store.View(ctx, func(tx fhir.Tx) error {
		return fn(&readTx{Tx: tx, store: s, request: r, server: who != nil && who.IsServer()})
	})
}

// Update implements fhir.Store.
func (s *store) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	r, who := requestOf(ctx), smart.From(ctx)
	server := who != nil && who.IsServer()
	if server && r != nil && r.who != nil { // what the server does for somebody is told of them
		who = r.who
	}
	var told *Event
	err := s.Store.Update(ctx, guards, func(tx fhir.Tx) error {
		told = nil
		r.began()
		w := &writeTx{readTx: readTx{Tx: tx, store: s, request: r, server: server}}
		if err := fn(w); err != nil || len(w.versions) == 0 {
			return err
		}
		if !s.trail.audits(who) {
			return nil
		}
		told = s.trail.written(r, who, w)
		return tx.Append(ctx, told.Entry())
	})
	if err == nil && told != nil {
		r.wrote(told)
	}
	return err
}

// written is the event of what an update has written.
func (t *Trail) written(r *request, who *smart.Principal, w *writeTx) *Event {
	e := &Event{Time: t.config.Now(), Kind: Rest}
	if r != nil {
		e = t.event(r)
	}
	e.By(who)
	var all compartment.IDs
	for _, v := range w.versions {
		for _, id := range v.patients.List {
			all.Add(id)
		}
	}
	e.Patients = all.List
	places := make(map[string]int, len(all.List))
	for i, id := range all.List {
		places[id] = i
	}
	for _, v := range w.versions {
		if len(w.versions) > 1 {
			v.write.Patients = make([]int, 0, len(v.patients.List))
			for _, id := range v.patients.List {
				v.write.Patients = append(v.write.Patients, places[id])
			}
		}
		e.Writes = append(e.Writes, v.write)
	}
	if e.Subtype == "" {
		e.Subtype = string(fhir.Transaction)
		if len(e.Writes) == 1 {
			e.Subtype = string(e.Writes[0].Method)
		}
	}
	return e
}

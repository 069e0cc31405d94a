package patient

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// systemKind is the kind of the records of systems that active NamingSystems declare to identify by. They belong to the digest of the system; each is
// of one NamingSystem.
const systemKind = "identifier-system"

// declared reports whether an active NamingSystem says that each identifier of a system is given out once.
func declared(ctx context.Context, tx fhir.Tx, system string) (bool, error) {
	list, err := tx.Records(ctx, systemKind, digest(system), "", 1)
	return len(list) > 0, err
}

// maxBackfill is how many Patients may have identifiers of a system when it is declared.
const maxBackfill = 500_000

// declares is the rule about NamingSystems that keeps those records. What Patients have already is noted when a system is declared; that two have the same
// by then is not held against it. Errors: TooCostly.
func (m *Module) declares(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	was, is := systemsOf(c.Before), systemsOf(c.After)
	for system := range was {
		if !is[system] {
			if err := c.Tx.Drop(ctx, systemKind, digest(system, c.Before.ID())); err != nil {
				return nil, err
			}
		}
	}
	for system := range is {
		if was[system] {
			continue
		}
		if err := m.backfill(ctx, c.Tx, system); err != nil {
			return nil, err
		}
		if err := c.Tx.Keep(ctx, &fhir.Record{Kind: systemKind, Key: digest(system, c.After.ID()), Owner: digest(system), Value: []byte("true")}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// systemsOf are the systems that a NamingSystem declares.
func systemsOf(r *fhir.Resource) map[string]bool {
	list := make(map[string]bool)
	if r == nil || r.Root().Get("status").Text() != "active" || r.Root().Get("kind").Text() != "identifier" {
		return list
	}
	for id := range r.Root().Each("uniqueId") {
		if value := id.Get("value").Text(); value != "" {
			list[value] = true
			if id.Get("type").Text() == "oid" {
				list["urn:oid:"+value] = true
			}
		}
	}
	return list
}

// backfill writes the records of the identifiers that Patients have.
func (m *Module) backfill(ctx context.Context, tx fhir.Tx, system string) error {
	q, err := m.query(m.config.BaseURL, "Patient", fhir.Param{Name: "identifier", Value: search.Escape(system) + "|"})
	if err != nil {
		return err
	}
	n := 0
	var failed error
	err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		if n++; n > maxBackfill {
			failed = fhir.Errorf(fhir.TooCostly, "more than %d Patients have identifiers of a system that the NamingSystem declares", maxBackfill)
		}
		for _, id := range identifiersOf(r.Root()) {
			if id.system == system && failed == nil {
				_, failed = claim(ctx, tx, id)
			}
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

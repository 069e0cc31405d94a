package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// admitted is the reference to the patient whom $book was given as a resource: the one with the same identifier, where nothing speaks against it; otherwise
// one that is inactive, with a fresh id, until somebody has verified who it is.
func (m *Module) admitted(ctx context.Context, tx fhir.Tx, given fhir.Element, fresh string) (string, error) {
	if !staff(ctx) {
		return "", refuse(fhir.Forbidden, "forbidden", "patients book for the records that they have: use patient-reference", "Parameters.parameter")
	}
	if id := given.Get("id").Text(); id != "" {
		r, err := m.read(ctx, tx, "Patient", id)
		if err != nil {
			return "", err
		}
		if r != nil {
			return r.Reference(), nil
		}
	}
	for identifier := range given.Each("identifier") {
		system, value := identifier.Get("system").Text(), identifier.Get("value").Text()
		if system == "" || value == "" {
			continue
		}
		found, err := m.found(ctx, tx, "Patient", 3, fhir.Param{Name: "identifier", Value: search.Escape(system) + "|" + search.Escape(value)})
		if err != nil {
			return "", err
		}
		if len(found) == 1 && agrees(found[0].Root(), given) {
			return found[0].Reference(), nil
		}
	}
	o := objectOf(given)
	o["resourceType"], o["id"], o["active"] = "Patient", fresh, false
	r, err := build(o)
	if err != nil {
		return "", err
	}
	if _, err := tx.Create(ctx, r); err != nil {
		return "", err
	}
	return r.Reference(), m.task(ctx, tx, "verify-identity", "Verify who this patient is", r.Reference(), []string{r.Reference()}, time.Time{})
}

// agrees reports whether a record and what is said of somebody can be the same person.
func agrees(known, given fhir.Element) bool {
	for _, name := range []string{"birthDate", "gender"} {
		if a, b := known.Get(name).Text(), given.Get(name).Text(); a != "" && b != "" && a != b {
			return false
		}
	}
	return known.Get("active").Text() != "false"
}

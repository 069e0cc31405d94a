package patient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/resources/number"
	"andiron.dev/search"
)

// recordSystem is where the systems of our medical record numbers begin; the id of the organization follows.
const recordSystem = fhir.CanonicalBase + "/sid/mrn/"

// digest is what of a text goes into keys: they must not hold patient data.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:16])
}

// identifierGuard is the guard of an identifier (domain.md §3.5).
func identifierGuard(id identifier) string { return "ident:Patient:" + digest(id.system, id.value) }

// gained are the identifiers that a change brings.
func gained(before, after *fhir.Resource) (list []identifier) {
	if after == nil {
		return nil
	}
	had := make(map[identifier]bool)
	if before != nil {
		for _, id := range identifiersOf(before.Root()) {
			had[id] = true
		}
	}
	for _, id := range identifiersOf(after.Root()) {
		if !had[id] {
			had[id] = true
			list = append(list, id)
		}
	}
	return list
}

// identifiersOf are the identifiers that have a system and a value, temporary ones included.
func identifiersOf(patient fhir.Element) (list []identifier) {
	for e := range patient.Each("identifier") {
		if id := (identifier{e.Get("system").Text(), e.Get("value").Text()}); id.system != "" && id.value != "" {
			list = append(list, id)
		}
	}
	return list
}

// unique is the rule that no two Patients have the same identifier where its system gives each out once (decision D3): our record numbers,
// and the systems of active NamingSystems of the kind identifier. A record and the one that it was merged into count as one. Errors:
// Duplicate (HTTP 409); BusinessRule for a record number with a wrong check digit.
func (m *Module) unique(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	for _, id := range gained(c.Before, c.After) {
		once, err := givenOnce(ctx, c.Tx, id)
		if err != nil {
			return nil, err
		}
		if !once {
			continue
		}
		free, err := claim(ctx, c.Tx, id)
		if err != nil {
			return nil, err
		}
		if free || fhir.IsMerging(ctx) { // whoever merges has looked before anything was written
			continue
		}
		if err := m.refuseTaken(ctx, c.Tx, id, c.After); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// givenOnce reports whether an identifier is one that nobody else may have. Errors: BusinessRule for a record number with a wrong check digit.
func givenOnce(ctx context.Context, tx fhir.Tx, id identifier) (bool, error) {
	if !strings.HasPrefix(id.system, recordSystem) {
		return declared(ctx, tx, id.system)
	}
	if !number.ValidRecord(id.value) {
		return true, refusal(fhir.BusinessRule, "mrn-check-digit", "a medical record number has eight digits or more, and a check digit", "Patient.identifier")
	}
	return true, nil
}

// refuseTaken refuses an identifier that is another's than a Patient's.
func (m *Module) refuseTaken(ctx context.Context, tx fhir.Tx, id identifier, patient *fhir.Resource) error {
	taken, err := m.taken(ctx, tx, id, patient)
	if err == nil && taken {
		return refusal(fhir.Duplicate, "identifier-in-use", "an identifier that is given out once is another Patient's", "Patient.identifier")
	}
	return err
}

// claimKind is the kind of the records of identifiers that somebody has, or had. Where there is none the identifier is free, and nothing has to be
// searched; where there is one a search says. Two updates that write the same one cannot both go by what was there before. A guard would
// have to be named before it is known what a NamingSystem declares, or which number comes next.
const claimKind = "patient-identifier"

// claim writes the record of an identifier; free = nobody has had it.
func claim(ctx context.Context, tx fhir.Tx, id identifier) (free bool, err error) {
	key := digest(id.system, id.value)
	_, err = tx.Record(ctx, claimKind, key)
	if err != nil && fhir.CodeOf(err) != fhir.NotFound {
		return false, err
	}
	return err != nil, tx.Keep(ctx, &fhir.Record{Kind: claimKind, Key: key, Value: []byte("true")})
}

// taken reports whether an identifier is another's than a Patient's: a record's that was merged into neither it nor the one that it was merged into.
func (m *Module) taken(ctx context.Context, tx fhir.Tx, id identifier, patient *fhir.Resource) (bool, error) {
	q, err := m.query(m.config.BaseURL, "Patient", fhir.Param{Name: "identifier", Value: search.Escape(id.system) + "|" + search.Escape(id.value)})
	if err != nil {
		return false, err
	}
	var others []*fhir.Resource
	if err := search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		if r.ID() != patient.ID() {
			others = append(others, r)
		}
		return true
	}); err != nil || len(others) == 0 {
		return false, err
	}
	self, err := m.last(ctx, tx, patient)
	if err != nil {
		return false, err
	}
	for _, r := range others {
		end, err := m.last(ctx, tx, r)
		if err != nil || end != self {
			return err == nil, err
		}
	}
	return false, nil
}

// last is the id of the record at the end of those that one was merged into, its own if it was not.
func (m *Module) last(ctx context.Context, tx fhir.Tx, r *fhir.Resource) (string, error) {
	id, root := r.ID(), r.Root()
	for range maxLinks {
		next, merged := replacedBy(root, m.config.BaseURL)
		if !merged || next == "" {
			return id, nil
		}
		id = next
		to, err := tx.Read(ctx, "Patient", next)
		if missing(err) {
			return id, nil
		}
		if err != nil {
			return "", err
		}
		root = to.Root()
	}
	return id, nil
}

package patient

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/resources/number"
	"andiron.dev/smart"
)

// register is Patient/$register (domain.md §6.2): who is not known yet becomes a patient with a record number and an account, in one update.
// Of two that register the same person at the same time, the second finds the Patient of the first.
func (m *Module) register(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	r, err := m.registration(ctx, req)
	if err != nil {
		return nil, err
	}
	var entries []fhir.Entry
	err = m.config.Store.Update(ctx, r.guards(), func(tx fhir.Tx) (err error) {
		entries, err = r.enroll(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Bundle: &fhir.Bundle{Type: fhir.TransactionResponse, Total: -1, Entries: entries}}, nil
}

// guards of a registration: what somebody else who is the same person would most likely have in common, so that there is a turn for each.
func (r *registration) guards() []string {
	guards := []string{number.Guard(r.numbers.Name)}
	key := func(parts ...string) { guards = append(guards, "cond:Patient:"+digest(parts...)) }
	for _, id := range r.traits.identifiers {
		guards = append(guards, identifierGuard(id))
	}
	for _, family := range r.traits.families {
		key("name", phonetic(family), r.traits.birthDate)
	}
	for _, phone := range r.traits.phones {
		key("phone", phone.digits[len(phone.digits)-7:])
	}
	for _, email := range r.traits.emails {
		key("email", email.folded)
	}
	if r.traits.birthDate != "" {
		key("birthDate", r.traits.birthDate)
	}
	slices.Sort(guards)
	return slices.Compact(guards)
}

// enroll writes a registration, or finds that there is nothing to write.
func (r *registration) enroll(ctx context.Context, tx fhir.Tx) ([]fhir.Entry, error) {
	sys := smart.System(ctx) // who is known is known, whether or not the caller may see them
	if r.policy != create {
		known, err := r.m.likely(sys, tx, r.base, r.traits)
		if err != nil {
			return nil, err
		}
		known = slices.DeleteFunc(known, func(l *likely) bool { g := grade(l.score); return g != "certain" && g != "probable" })
		if len(known) > 0 {
			return r.known(ctx, tx, known)
		}
	}
	mrn, err := r.nextNumber(sys, tx)
	if err != nil {
		return nil, err
	}
	list, err := r.records(mrn)
	if err != nil {
		return nil, err
	}
	var entries []fhir.Entry
	var written []string
	for _, one := range list {
		as := ctx
		if one.Type() == "QuestionnaireResponse" { // a scope for the Patient covers the form that it was made of
			as = sys
		}
		v, err := tx.Create(as, one)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fhir.Entry{Response: &fhir.Response{Result: fhir.Created, Resource: v.Written(one), Version: v}})
		written = append(written, one.Reference()+"/_history/"+v.VersionID)
	}
	provenance, err := r.m.provenance(ctx, "Patient-register", "CREATE", written, nil, r.reason)
	if err != nil {
		return nil, err
	}
	_, err = tx.Create(sys, provenance)
	return entries, err
}

// nextNumber is the next record number that nobody has. Numbers that were typed in are passed over.
func (r *registration) nextNumber(sys context.Context, tx fhir.Tx) (identifier, error) {
	for range 1_000 {
		n, err := number.Next(sys, tx, r.numbers.Name)
		if err != nil {
			return identifier{}, err
		}
		one := r.numbers.Identifier(n)
		id := identifier{one.System, one.Value}
		if _, err := tx.Record(sys, claimKind, digest(id.system, id.value)); fhir.CodeOf(err) == fhir.NotFound {
			return id, nil
		} else if err != nil {
			return id, err
		}
	}
	return identifier{}, fhir.NewOutcome(fhir.BusinessRule, "a thousand medical record numbers in a row have been given by hand; register again for the next thousand")
}

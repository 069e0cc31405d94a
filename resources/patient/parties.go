package patient

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// parties finds the two Patients. Errors: Required; NotFound; MultipleMatches (HTTP 412); Invalid for one and the same; BusinessRule for one that has
// been merged already.
func (j *joining) parties(ctx context.Context, tx fhir.Tx) (source, target *fhir.Resource, err error) {
	if source, err = j.party(ctx, tx, "source-patient"); err != nil {
		return nil, nil, err
	}
	if target, err = j.party(ctx, tx, "target-patient"); err != nil {
		return nil, nil, err
	}
	if source.ID() == target.ID() {
		return nil, nil, refusal(fhir.Invalid, "same-patient", "source and target are the same Patient", "Parameters.parameter")
	}
	for _, r := range []*fhir.Resource{source, target} {
		if _, merged := replacedBy(r.Root(), j.base); merged {
			return nil, nil, refusal(fhir.BusinessRule, "already-merged", "one of the two has been merged into another Patient already")
		}
	}
	return source, target, nil
}

// party is the Patient that a reference, or identifiers, or both name.
func (j *joining) party(ctx context.Context, tx fhir.Tx, name string) (*fhir.Resource, error) {
	named := j.req.Input.Get(name).Value
	var list []identifier
	for p := range j.req.Input.Each(name + "-identifier") {
		id := identifier{p.Value.Get("system").Text(), p.Value.Get("value").Text()}
		if id.value == "" {
			return nil, fhir.NewOutcome(fhir.Value, "an identifier without a value names nobody", p.Value.Path())
		}
		list = append(list, id)
	}
	if !named.Exists() && len(list) == 0 {
		return nil, fhir.Errorf(fhir.Required, "the operation needs '%s' or '%s-identifier'", name, name)
	}
	if !named.Exists() {
		return j.identified(ctx, tx, name, list)
	}
	id := localPatient(named.Get("reference").Text(), j.base)
	if id == "" {
		return nil, fhir.NewOutcome(fhir.Value, "this must be a reference to a Patient of this server", named.Path())
	}
	r, err := tx.Read(ctx, "Patient", id)
	if missing(err) {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such Patient", named.Path())
	}
	if err == nil && !hasAll(r, list) {
		return nil, fhir.Errorf(fhir.Invalid, "'%s' and '%s-identifier' do not name the same Patient", name, name)
	}
	return r, err
}

// identified is the one Patient that has all of some identifiers.
func (j *joining) identified(ctx context.Context, tx fhir.Tx, name string, list []identifier) (*fhir.Resource, error) {
	var params []fhir.Param
	for _, id := range list {
		value := search.Escape(id.value)
		if id.system != "" {
			value = search.Escape(id.system) + "|" + value
		}
		params = append(params, fhir.Param{Name: "identifier", Value: value})
	}
	q, err := j.m.query(j.base, "Patient", params...)
	if err != nil {
		return nil, err
	}
	var found []*fhir.Resource
	err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		found = append(found, r)
		return len(found) < 2
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fhir.Errorf(fhir.NotFound, "nobody has what '%s-identifier' says", name)
	case len(found) > 1:
		return nil, fhir.PreconditionFailed(fhir.MultipleMatches, "more than one Patient has what '"+name+"-identifier' says")
	}
	return found[0], nil
}

// hasAll reports whether a Patient has identifiers; one without a system is had in any.
func hasAll(r *fhir.Resource, list []identifier) bool {
	for _, wanted := range list {
		has := false
		for e := range r.Root().Each("identifier") {
			has = has || e.Get("value").Text() == wanted.value && (wanted.system == "" || e.Get("system").Text() == wanted.system)
		}
		if !has {
			return false
		}
	}
	return true
}

package patient

import (
	"cmp"
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// known answers a registration of somebody who seems to be known. Errors: Duplicate, with who that may be in the diagnostics.
func (r *registration) known(ctx context.Context, tx fhir.Tx, list []*likely) ([]fhir.Entry, error) {
	sure := len(list) == 1 || list[0].score > list[1].score
	var patient *fhir.Resource
	if r.policy == giveBack && sure {
		var err error
		if patient, err = tx.Read(ctx, "Patient", list[0].r.ID()); err != nil && !missing(err) { // as the caller may see it
			return nil, err
		}
	}
	if patient == nil {
		var candidates []object
		for _, l := range list {
			candidates = append(candidates, object{"patient": l.r.Reference(), "grade": grade(l.score)})
		}
		o := refusal(fhir.Duplicate, "possible-duplicate", "this person seems to be registered already; diagnostics says as whom")
		o.Issues[0].Diagnostics = textOf(object{"candidates": candidates})
		return nil, o
	}
	entries := []fhir.Entry{{Response: &fhir.Response{Resource: patient}}}
	q, err := r.m.query(r.base, "Account", fhir.Param{Name: "patient", Value: patient.Reference()}, fhir.Param{Name: "type", Value: accountTypes + "|patient"},
		fhir.Param{Name: "status", Value: "active"})
	if err != nil {
		return nil, err
	}
	var accounts []*fhir.Resource
	err = search.Each(ctx, tx, q, func(a *fhir.Resource) bool {
		accounts = append(accounts, a)
		return len(accounts) < 10
	})
	if err != nil && fhir.CodeOf(err) != fhir.Forbidden { // a scope that creates accounts need not show them
		return nil, err
	}
	for _, a := range accounts {
		entries = append(entries, fhir.Entry{Response: &fhir.Response{Resource: a}})
	}
	return entries, nil
}

// policies of on-duplicate.
const (
	reject   = "reject"
	giveBack = "return"
	create   = "create"
)

// policyOf reads on-duplicate. Errors: CodeInvalid.
func policyOf(text string) (string, error) {
	switch text = cmp.Or(text, reject); text {
	case reject, giveBack, create:
		return text, nil
	}
	return "", fhir.NewOutcome(fhir.CodeInvalid, "the value of 'on-duplicate' must be reject, return or create")
}

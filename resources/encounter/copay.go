package encounter

import (
	"andiron.dev/fhir"
	"andiron.dev/resources/money"
	"andiron.dev/search"
)

// tokenOf is a coding as a search has it: "system|code"; "" where it has no code.
func tokenOf(coding fhir.Element) string {
	code := coding.Get("code").Text()
	if code == "" {
		return ""
	}
	if system := coding.Get("system").Text(); system != "" {
		return search.Escape(system) + "|" + search.Escape(code)
	}
	return search.Escape(code)
}

// copay charges what the first coverage has the patient pay for such a visit. Shares in per cent follow from the bill, not from the visit.
func (w *work) copay(a *arrival, e, account *fhir.Resource, coverages []*fhir.Resource, virtual bool) error {
	if len(coverages) == 0 {
		return nil
	}
	coverage := coverages[0]
	cost := costOf(coverage.Root(), a, virtual)
	if !cost.Exists() {
		return nil
	}
	_, err := w.create(object{
		"resourceType": "ChargeItem", "status": "billable", "subject": reference(a.patient.Reference()), "context": reference(e.Reference()),
		"code": coded(codes("charge"), "copay", "Copayment"), "occurrenceDateTime": instant(a.at), "enteredDate": instant(w.now), "account": list(reference(account.Reference())),
		"quantity": object{"value": 1}, "priceOverride": fhir.Tree(cost.Get("valueMoney")), "overrideReason": "Copayment of the coverage",
		"supportingInformation": list(reference(coverage.Reference())),
	})
	return err
}

// costOf is the entry of Coverage.costToBeneficiary for a visit: for one from afar, for one at a specialist or else at a general practice, for
// any. One that does not apply at the time has been waived.
func costOf(coverage fhir.Element, a *arrival, virtual bool) fhir.Element {
	kinds := []string{"gpvisit", "copay"}
	if a.service != nil && a.service.Root().Get("specialty").Exists() {
		kinds = []string{"spvisit", "gpvisit", "copay"}
	}
	if virtual {
		kinds = append([]string{"televisit"}, kinds...)
	}
	for _, kind := range kinds {
		for cost := range coverage.Each("costToBeneficiary") {
			amount, err := money.Of(cost.Get("valueMoney"))
			if !hasCode(cost.Get("type"), kind) || err != nil || amount.Amount().Sign() <= 0 {
				continue
			}
			for exception := range cost.Each("exception") {
				if during(exception.Get("period"), a.at) {
					return fhir.Element{}
				}
			}
			return cost
		}
	}
	return fhir.Element{}
}

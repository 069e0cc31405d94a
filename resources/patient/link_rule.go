package patient

import (
	"context"

	"andiron.dev/fhir"
)

// linked is the rule that a record which another has taken the place of is not in use (http://hl7.org/fhir/R4/patient-definitions.html#Patient.link.type): it is inactive, there is one
// that replaces it, which is there, and following the links leads to an end. Errors: BusinessRule.
func (m *Module) linked(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil {
		return nil, nil
	}
	var next string
	n := 0
	for link := range c.After.Root().Each("link") {
		other := localPatient(link.Get("other").Get("reference").Text(), m.config.BaseURL)
		if other == c.After.ID() {
			return nil, refusal(fhir.BusinessRule, "link-to-itself", "a Patient cannot be linked to itself", "Patient.link")
		}
		if link.Get("type").Text() == "replaced-by" {
			n++
			next = other
		}
	}
	switch {
	case n == 0:
		return nil, nil
	case n > 1:
		return nil, refusal(fhir.BusinessRule, "replaced-twice", "a Patient cannot be replaced by more than one", "Patient.link")
	case c.After.Root().Get("active").Text() != "false":
		return nil, refusal(fhir.BusinessRule, "merged-active", "a Patient that another has replaced cannot be active: it needs active = false", "Patient.active")
	case c.Before != nil && same(c.Before, next, m.config.BaseURL): // it was held against the rule when the link came
		return nil, nil
	}
	for range maxLinks {
		if next == "" {
			return nil, nil
		}
		if next == c.After.ID() {
			return nil, refusal(fhir.BusinessRule, "link-circle", "the Patient would be replaced by one that it has replaced itself", "Patient.link")
		}
		r, err := c.Tx.Read(ctx, "Patient", next)
		if missing(err) {
			return nil, nil // another entry may bring it; whether references lead anywhere is for the store's rules
		}
		if err != nil {
			return nil, err
		}
		next, _ = replacedBy(r.Root(), m.config.BaseURL)
	}
	return nil, refusal(fhir.BusinessRule, "link-circle", "the links of the Patient do not come to an end", "Patient.link")
}

// same reports whether a Patient was replaced by one before.
func same(before *fhir.Resource, next, base string) bool {
	was, merged := replacedBy(before.Root(), base)
	return merged && was == next
}

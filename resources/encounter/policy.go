package encounter

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// The severities of what a discharge waits for.
const (
	required = "required"
	advisory = "advisory"
)

// The codes of what a discharge may wait for: the code system discharge-blocker (§8.7).
const (
	taskOpen              = "task-open"
	orderActive           = "order-active"
	specimenPending       = "specimen-pending"
	resultUnacknowledged  = "result-unacknowledged"
	dispensePending       = "dispense-pending"
	returnPending         = "return-pending"
	procedureUnfinished   = "procedure-unfinished"
	chargeUnbilled        = "charge-unbilled"
	invoiceUnpaid         = "invoice-unpaid"
	claimMissingInfo      = "claim-missing-info"
	bedPeriodOverlap      = "bed-period-overlap"
	summaryMissing        = "summary-missing"
	reconciliationMissing = "reconciliation-missing"
)

func blockerCodes() []string {
	return []string{
		taskOpen, orderActive, specimenPending, resultUnacknowledged, dispensePending, returnPending, procedureUnfinished, chargeUnbilled, invoiceUnpaid,
		claimMissingInfo, bedPeriodOverlap, summaryMissing, reconciliationMissing,
	}
}

// ruling is what an organization has decided about one of them.
type ruling struct {
	severity string
	roles    []string // who may go on without
}

// policy is what organizations have decided: the extension discharge-policy, whose parts 'blocker' have a code, a severity, and any number of
// overridable-by.
type policy map[string]ruling

// policyOf is the policy of the organization that a stay is with, or what holds where it has none.
func (m *Module) policyOf(ctx context.Context, tx fhir.Tx, s *stay) (policy, error) {
	p := policy{}
	for _, code := range blockerCodes() {
		p[code] = ruling{severity: advisory}
	}
	for _, code := range []string{taskOpen, orderActive, resultUnacknowledged, procedureUnfinished, chargeUnbilled, bedPeriodOverlap} {
		p[code] = ruling{severity: required}
	}
	ref, ok := m.local(s.root.Get("serviceProvider").Get("reference").Text())
	if ok && ref.Type == "Organization" {
		org, err := tx.Read(ctx, "Organization", ref.ID)
		if err != nil && !gone(err) {
			return nil, err
		}
		if err == nil {
			p.read(extension(org.Root(), "discharge-policy"))
		}
	}
	for code, r := range p {
		if len(r.roles) == 0 {
			r.roles = []string{smart.RolePractitioner, smart.RoleAdmin}
			p[code] = r
		}
	}
	return p, nil
}

func (p policy) read(e fhir.Element) {
	for one := range e.Each("extension") {
		if one.Get("url").Text() != "blocker" {
			continue
		}
		code := part(one, "code").Get("valueCode").Text()
		r, known := p[code]
		if !known {
			continue
		}
		if severity := part(one, "severity").Get("valueCode").Text(); severity == required || severity == advisory {
			r.severity = severity
		}
		for role := range one.Each("extension") {
			if role.Get("url").Text() == "overridable-by" {
				r.roles = append(r.roles, role.Get("valueCode").Text())
			}
		}
		p[code] = r
	}
}

// allows reports whether whoever asks may go on without. Where nobody has to say who they are, everybody may.
func (r ruling) allows(ctx context.Context) bool { return hasRole(ctx, r.roles...) }

// hasRole reports whether whoever asks has one of some roles, or is the server, or nobody in particular.
func hasRole(ctx context.Context, roles ...string) bool {
	who := smart.From(ctx)
	return who == nil || who.IsServer() || slices.ContainsFunc(roles, who.HasRole)
}

// signature is whoever asks, as a value of an extension.
func signature(ctx context.Context) object {
	who := smart.From(ctx)
	switch {
	case who == nil:
		return object{"display": "unknown"}
	case who.FhirUser != "":
		return object{"reference": who.FhirUser}
	case who.Name != "":
		return object{"display": who.Name}
	}
	return object{"display": who.Subject}
}

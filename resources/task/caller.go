package task

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// permitted refuses who is neither the owner of a Task nor of a role that it is for. A Task that says neither is anybody's; so is, unless strict,
// one that has an owner and no role. Where nobody knows who asks, and for clients that act for themselves, nothing is refused. Error: Forbidden.
func (m *Module) permitted(ctx context.Context, tx fhir.Tx, who *smart.Principal, r *fhir.Resource, strict bool) error {
	if who == nil || who.IsServer() || len(who.Roles) == 0 || who.HasRole(smart.RoleAdmin) {
		return nil
	}
	wanted := rolesOf(r)
	owner := r.Root().Get("owner").Get("reference").Text()
	if len(wanted) == 0 && (!strict || owner == "" || !personal(owner)) {
		return nil
	}
	if slices.ContainsFunc(wanted, who.HasRole) {
		return nil
	}
	is, err := m.is(smart.System(ctx), tx, who, owner)
	if err != nil || is {
		return err
	}
	return fhir.NewOutcome(fhir.Forbidden, "the Task belongs to somebody else, and is not for your role")
}

// is reports whether a principal is whom a reference names, in person or in a role.
func (m *Module) is(ctx context.Context, tx fhir.Tx, who *smart.Principal, text string) (bool, error) {
	if who.FhirUser == "" || text == "" {
		return false, nil
	}
	ref := fhir.ParseReference(text)
	self := fhir.ParseReference(who.FhirUser).Relative()
	if ref.Relative() == self {
		return true, nil
	}
	role, err := m.read(ctx, tx, text, "PractitionerRole")
	if role == nil || err != nil {
		return false, err
	}
	return fhir.ParseReference(role.Root().Get("practitioner").Get("reference").Text()).Relative() == self, nil
}

// personal reports whether a reference names one person or thing, rather than a group that work lies ready for.
func personal(text string) bool {
	switch fhir.ParseReference(text).Type {
	case "CareTeam", "Organization", "HealthcareService":
		return false
	}
	return true
}

// rolesOf are the roles of users that may do a Task, as far as the codes of its performerType are known.
func rolesOf(r *fhir.Resource) (list []string) {
	for e := range r.Root().Each("performerType") {
		for coding := range e.Each("coding") {
			switch code := coding.Get("code").Text(); code {
			case "doctor", "physician":
				list = append(list, smart.RolePractitioner)
			case "front-desk", "receptionist":
				list = append(list, "front-desk", "front-desk-supervisor")
			case "nurse", "pharmacist", "front-desk-supervisor", "practitioner", "lab-tech", "biller", "inventory-clerk", "inventory-approver", "finance-approver", "payer", "admin":
				list = append(list, code)
			}
		}
	}
	return list
}

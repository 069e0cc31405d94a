package smart

import "andiron.dev/fhir"

// Role is what people of a kind may do, whatever an app they use was granted: a scope delegates no more than its user has.
type Role struct {
	Name   string
	Grants []Grant
	// Own is the role of a person who sees one record: the compartment of the Patient that FhirUser names, or that the RelatedPerson
	// is related to.
	Own bool
}

// Grant gives letters on types. Where is a search that the resources have to match, without the type; in it {self} is the FhirUser of
// the principal, and who has none is granted nothing.
type Grant struct {
	Perms string
	Types []string
	Where string
}

// The roles that rules name.
const (
	RoleAdmin          = "admin"
	RolePrivacyOfficer = "privacy-officer"
	RolePractitioner   = "practitioner"
	RolePatient        = "patient"
	RoleDelegate       = "delegate"
)

// Roles are the roles of a hospital (the matrix of domain.md §17.2). Everybody but auditors and gateways may read what is shared.
func Roles() []Role {
	on := func(perms string, types ...string) Grant { return Grant{Perms: perms, Types: types} }
	where := func(perms, typ, where string) Grant { return Grant{Perms: perms, Types: []string{typ}, Where: where} }
	read := on("rs", shared()...)
	desk := []Grant{
		read, on("crus", person()...), on("crus", scheduling()...), on("rs", "Encounter", "EpisodeOfCare", "Flag"),
		on("crus", "Coverage"), on("crs", "Account"), on("rs", "Invoice", "InsurancePlan"), on("crs", "PaymentNotice"), on("rs", "Consent"),
		where("rus", "Task", "performer="+fhir.CanonicalBase+"/CodeSystem/role|front-desk"),
	}
	consents, trail := on("rs", "Consent"), on("rs", "AuditEvent")
	own := where("rs", "AuditEvent", "agent={self}")
	history := on("rs", "Provenance")
	return []Role{
		{Name: RoleAdmin, Grants: []Grant{on("cruds", "*")}},
		{Name: RolePrivacyOfficer, Grants: []Grant{read, trail, history, on("cruds", "Consent")}},
		{Name: "auditor", Grants: []Grant{trail, history}},
		{Name: "front-desk", Grants: desk}, {Name: "front-desk-supervisor", Grants: desk},
		{Name: RolePractitioner, Grants: []Grant{
			read, on("rs", person()...), on("crus", clinical()...), on("rus", scheduling()...), on("rs", finance()...), on("rs", stock()...), consents, history, own,
		}},
		{Name: "nurse", Grants: []Grant{
			read, on("rs", person()...), on("crus", clinical()...), on("rus", scheduling()...), on("rs", stock()...), on("cu", "SupplyDelivery", "SupplyRequest"), consents, history,
		}},
		{Name: "pharmacist", Grants: []Grant{
			read, on("rs", person()...), on("rs", "AllergyIntolerance", "Condition", "MedicationAdministration", "MedicationRequest", "MedicationStatement"),
			on("crus", "MedicationDispense"), on("crs", "ChargeItem"), on("rs", stock()...), on("cu", "SupplyDelivery"),
		}},
		{Name: "lab-tech", Grants: []Grant{
			read, on("rs", person()...), where("crus", "Observation", "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"),
			where("crus", "DiagnosticReport", "category=http://terminology.hl7.org/CodeSystem/v2-0074|LAB"), on("crus", "Specimen"), on("rus", "ServiceRequest"),
			on("rs", stock()...), on("cu", "SupplyDelivery"),
		}},
		{Name: "biller", Grants: []Grant{read, on("rs", person()...), on("rs", coded()...), on("rs", scheduling()...), on("crus", finance()...)}},
		{Name: "finance-approver", Grants: []Grant{read, on("rs", finance()...), on("u", "Account", "ChargeItem", "Invoice", "PaymentReconciliation")}},
		{Name: "inventory-clerk", Grants: []Grant{read, on("crus", stock()...), where("crus", "Invoice", "subject:missing=true")}},
		{Name: "inventory-approver", Grants: []Grant{read, on("rus", stock()...), where("rs", "Invoice", "subject:missing=true")}},
		{Name: "payer", Grants: []Grant{
			read, where("rs", "Patient", "_has:Coverage:beneficiary:payor={self}"), where("rs", "Coverage", "payor={self}"), where("rus", "Claim", "insurer={self}"),
			where("crus", "ClaimResponse", "insurer={self}"), where("crus", "ExplanationOfBenefit", "coverage:Coverage.payor={self}"),
			where("crus", "CoverageEligibilityResponse", "insurer={self}"), on("rs", "InsurancePlan"),
		}},
		{Name: "device-gateway", Grants: []Grant{where("cu", "Observation", "device={self}")}},
		{Name: "ehr-system", Grants: []Grant{read, on("rs", person()...), on("crus", clinical()...), on("rs", scheduling()...), consents, history}},
		{Name: RolePatient, Own: true},
		{Name: RoleDelegate, Own: true},
	}
}

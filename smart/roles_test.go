package smart_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

var update = flag.Bool("update", false, "write the golden files")

// letter asks for an interaction of a letter, with a type that may have nothing in it; it reports whether it was let through.
func (h *house) letter(p *smart.Principal, typ, perm string) bool {
	h.t.Helper()
	req := &fhir.Request{Type: typ, ID: "none", Base: base}
	switch perm {
	case "c":
		req.Interaction, req.ID = fhir.Create, ""
	case "r":
		req.Interaction = fhir.Read
	case "u":
		req.Interaction = fhir.Update
	case "d":
		req.Interaction = fhir.Delete
	case "s":
		req.Interaction, req.ID = fhir.SearchType, ""
	}
	_, err := h.server.Handler().Serve(smart.With(context.Background(), p), req)
	switch fhir.CodeOf(err) {
	case fhir.Forbidden:
		return false
	case "", fhir.NotFound, fhir.Required:
		return true
	}
	h.t.Errorf("%s of %s: %v", perm, typ, err)
	return false
}

// TestRoles asks the whole server what each role may do with each type, and compares it with the golden file (SEC-4). What stands in
// the matrix of domain.md §17.2 stands here as well, so that the file cannot be written over with anything else.
func TestRoles(t *testing.T) {
	h := open(t)
	h.put(records()...)
	var b strings.Builder
	got := make(map[string]string)
	types := h.types()
	for _, role := range smart.Roles() {
		p := &smart.Principal{Subject: "user:x", FhirUser: "Practitioner/dr", Roles: []string{role.Name}, Scopes: scopes(t, "user/*.cruds")}
		if role.Own {
			p.FhirUser = "Patient/a"
		}
		byLetters := make(map[string][]string)
		for _, typ := range types {
			have := ""
			for _, perm := range strings.Split("cruds", "") {
				if h.letter(p, typ, perm) {
					have += perm
				}
			}
			got[role.Name+"/"+typ] = have
			byLetters[have] = append(byLetters[have], typ)
		}
		fmt.Fprintf(&b, "%s\n", role.Name)
		for _, have := range []string{"cruds", "crus", "crud", "crs", "cru", "cu", "rus", "rs", "c", "r", "s", "u"} {
			if list := byLetters[have]; list != nil {
				fmt.Fprintf(&b, "  %-5s %s\n", have, strings.Join(list, " "))
				delete(byLetters, have)
			}
		}
		delete(byLetters, "")
		for have, list := range byLetters {
			t.Errorf("%s has %q on %v", role.Name, have, list)
		}
	}
	for _, want := range strings.Split(strings.TrimSpace(`
		front-desk/Patient crus, front-desk/Observation , front-desk/Appointment crus, front-desk/Invoice rs, front-desk/PaymentNotice crs, front-desk/SupplyRequest , front-desk/AuditEvent ,
		practitioner/Patient rs, practitioner/Observation crus, practitioner/Appointment rus, practitioner/Invoice rs, practitioner/SupplyRequest rs, practitioner/AuditEvent rs, practitioner/Consent rs,
		nurse/Patient rs, nurse/Observation crus, nurse/Appointment rus, nurse/Invoice , nurse/SupplyDelivery crus, nurse/AuditEvent ,
		pharmacist/Patient rs, pharmacist/MedicationRequest rs, pharmacist/AllergyIntolerance rs, pharmacist/MedicationDispense crus, pharmacist/Appointment , pharmacist/ChargeItem crs, pharmacist/Observation ,
		lab-tech/Patient rs, lab-tech/Observation crus, lab-tech/Condition , lab-tech/Appointment , lab-tech/Invoice , lab-tech/Specimen crus,
		biller/Patient rs, biller/Condition rs, biller/DocumentReference , biller/Composition , biller/ClinicalImpression , biller/Appointment rs, biller/Claim crus, biller/SupplyRequest ,
		finance-approver/Patient , finance-approver/Observation , finance-approver/Invoice rus, inventory-clerk/Patient , inventory-clerk/SupplyRequest crus, inventory-clerk/Claim ,
		inventory-approver/SupplyRequest rus, payer/Patient rs, payer/Observation , payer/Claim rus, payer/ClaimResponse crus, payer/Appointment , payer/SupplyRequest ,
		device-gateway/Observation cu, device-gateway/Patient , device-gateway/Practitioner ,
		auditor/AuditEvent rs, auditor/Patient , auditor/Observation , privacy-officer/AuditEvent rs, privacy-officer/Patient , privacy-officer/Consent cruds,
		patient/Observation cruds, patient/Group , patient/Practitioner rs, patient/Consent rs, delegate/Observation cruds, admin/SearchParameter cruds, admin/Consent cruds`), ",") {
		key, letters, _ := strings.Cut(strings.TrimSpace(want), " ")
		if got[key] != letters {
			t.Errorf("%s: %q instead of %q", key, got[key], letters)
		}
	}
	golden(t, "testdata/roles.txt", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the roles are; run the test with -update and read the difference\n%s", path, got)
	}
}

// TestRoleRows: roles that see some resources of a type see no others.
func TestRoleRows(t *testing.T) {
	h := open(t)
	h.put(records()...)
	h.put(`Coverage/cov {"status":"active","beneficiary":{"reference":"Patient/b"},"payor":[{"reference":"Organization/insurer"}]}`,
		`Coverage/covo {"status":"active","beneficiary":{"reference":"Patient/a"},"payor":[{"reference":"Organization/org"}]}`,
		`Device/gw {"status":"active"}`, `Invoice/supplier {"status":"issued"}`, `Invoice/inv {"status":"issued","subject":{"reference":"Patient/a"}}`,
		`RelatedPerson/mother {"active":true,"patient":{"reference":"Patient/a"}}`, `RelatedPerson/former {"active":true,"patient":{"reference":"Patient/a"},"period":{"end":"2020-01-01"}}`)
	h.put(`Task/desk {"status":"requested","intent":"order","performerType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/role","code":"front-desk"}]}]}`, `Task/ward {"status":"requested","intent":"order"}`)
	atDesk := doctor(t, "user/*.cruds", "front-desk")
	h.get(atDesk, "/Task?_total=accurate").finds("desk").totals(1)
	h.get(atDesk, "/Task/ward").is(404)
	h.do(atDesk, "PUT", "/Task/desk", `{"resourceType":"Task","id":"desk","status":"requested","intent":"order"}`).is(403) // it would not be the desk's any more
	payer := &smart.Principal{Subject: "client:payer", FhirUser: "Organization/insurer", Roles: []string{"payer"}, Scopes: scopes(t, "system/*.cruds")}
	h.get(payer, "/Claim?_total=accurate").finds("cl").totals(1)
	h.get(payer, "/Coverage").finds("cov")
	h.get(payer, "/Patient?_total=accurate").finds("b").totals(1)
	h.get(payer, "/Patient/a").is(404)
	h.get(payer, "/Patient/b").is(200)
	eob := func(coverage string) string {
		return `{"resourceType":"ExplanationOfBenefit","status":"active","type":{"text":"x"},"use":"claim","patient":{"reference":"Patient/b"},"created":"2024-01-01","insurer":{"reference":"Organization/insurer"},
			"provider":{"reference":"Organization/org"},"outcome":"complete","insurance":[{"focal":true,"coverage":{"reference":"Coverage/` + coverage + `"}}]}`
	}
	h.do(payer, "POST", "/ExplanationOfBenefit", eob("cov")).is(201)
	h.do(payer, "POST", "/ExplanationOfBenefit", eob("covo")).is(403)
	h.get(doctor(t, "user/*.rs", "lab-tech"), "/Observation").finds("oa", "ob", "ob2", "other")
	h.get(doctor(t, "user/*.rs", "inventory-clerk"), "/Invoice").finds("supplier")
	// A scope delegates no more than its user has, also for a patient in context.
	desk := doctor(t, "patient/*.rs launch/patient", "front-desk")
	desk.Patient = "a"
	h.get(desk, "/Encounter").finds("ea")
	h.get(desk, "/Observation").is(403)
	dr := doctor(t, "patient/*.rs")
	dr.Patient = "b"
	h.get(dr, "/Observation").finds("ob", "ob2")
	// Who relates to a patient sees their record, as long as they do.
	mother := &smart.Principal{Subject: "user:m", FhirUser: "RelatedPerson/mother", Scopes: scopes(t, "user/*.rs")}
	h.get(mother, "/Observation").finds("oa", "oa2")
	mother.FhirUser = "RelatedPerson/former"
	h.get(mother, "/Observation").is(403)
	// A user without roles is who the records say.
	h.get(&smart.Principal{Subject: "user:a", FhirUser: "Patient/a", Scopes: scopes(t, "user/*.rs")}, "/Observation").finds("oa", "oa2")
	h.get(&smart.Principal{Subject: "user:d", FhirUser: "Practitioner/dr", Scopes: scopes(t, "user/*.rs")}, "/Observation").finds("oa", "oa2", "ob", "ob2", "other")
	gateway := &smart.Principal{Subject: "client:gw", FhirUser: "Device/gw", Roles: []string{"device-gateway"}, Scopes: scopes(t, "system/Observation.cu")}
	measured := func(device string) string {
		return `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"device":{"reference":"` + device + `"}}`
	}
	if got := h.do(gateway, "POST", "/Observation", measured("Device/gw")).is(201); got.body != "" {
		t.Error("a gateway read what it wrote")
	}
	h.do(gateway, "POST", "/Observation", measured("Device/other")).is(403)
	h.get(gateway, "/Observation/oa").is(403)
}

// types are those that R4 has.
func (h *house) types() []string { return h.spec.Resources() }

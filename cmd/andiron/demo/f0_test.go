package demo_test

import (
	"strings"
	"testing"
)

// claim is one thing that §19 says of F0: what expression gives on a resource, or on all of them.
type claim struct{ line, on, expression, want string }

const (
	timezone = "extension('http://hl7.org/fhir/StructureDefinition/timezone').value"
	ours     = "https://andiron.dev/fhir/StructureDefinition/"
)

// part is a part of one of our extensions.
func part(extension, name string) string {
	return "extension('" + ours + extension + "').extension('" + name + "')"
}

// count counts the resources of a type with a condition.
func count(resourceType, where string) string {
	return "entry.resource.ofType(" + resourceType + ").where(" + where + ").count()"
}

// TestF0 goes through §19 line by line.
func TestF0(t *testing.T) {
	h := open(t)
	for _, claims := range [][]claim{places(), people(), services(), patients(), insurance(), prices(), stock(), monitoring(), history()} {
		for _, c := range claims {
			t.Run(c.line, func(t *testing.T) {
				if got := h.ask(t, c.on, c.expression); got != c.want {
					t.Errorf("%s: %s\n got %s\nwant %s", c.on, c.expression, got, c.want)
				}
			})
		}
	}
}

func places() []claim {
	kind := "physicalType.coding.code"
	return []claim{
		{"org-hosp in New York", "Organization/org-hosp", timezone, "America/New_York"},
		{"payer-acme", "Organization/payer-acme", "type.coding.code", "pay"},
		{"payer-beta", "Organization/payer-beta", "type.coding.code", "pay"},
		{"org-supplier", "Organization/org-supplier", "active", "true"},
		{"site-main", "Location/site-main", kind, "si"},
		{"ward-a", "Location/ward-a", kind + " | status", "wa,active"},
		{"beds of ward-a", "", "entry.resource.ofType(Location).where(partOf.reference = 'Location/ward-a' and " + kind + " = 'bd').id", "bed-101,bed-102,bed-103"},
		{"all beds unoccupied", "", "entry.resource.ofType(Location).operationalStatus.select(system + '|' + code)",
			"http://terminology.hl7.org/CodeSystem/v2-0116|U,http://terminology.hl7.org/CodeSystem/v2-0116|U,http://terminology.hl7.org/CodeSystem/v2-0116|U"},
		{"room-1", "Location/room-1", kind, "ro"},
		{"or-1", "Location/or-1", kind, "ro"},
		{"loc-pharm", "Location/loc-pharm", kind, "ro"},
		{"loc-ward-a-store", "Location/loc-ward-a-store", kind, "ca"},
		{"every location has a physicalType", "", count("Location", "physicalType.empty()"), "0"},
	}
}

func people() []claim {
	licence := "identifier.where(system = 'https://andiron.dev/fhir/sid/licence/ny').value.exists()"
	claims := []claim{
		{"dr-chan is a surgeon", "PractitionerRole/role-chan", "practitioner.reference | specialty.coding.display", "Practitioner/dr-chan,General surgery"},
		{"each practitioner has a role", "", count("PractitionerRole", "active"), "5"},
	}
	for _, id := range []string{"dr-lee", "dr-kim", "dr-chan", "nurse-joy", "pharm-paul"} {
		claims = append(claims, claim{id + " has a licence", "Practitioner/" + id, licence, "true"})
	}
	return claims
}

func services() []claim {
	params := func(name string) string { return part("scheduling-parameters", name) + ".value.value" }
	booking := "extension('" + ours + "patient-booking').value"
	all := params("duration") + ".toString() & '/' & " + params("alignmentInterval") + ".toString()"
	claims := []claim{
		{"hs-office 30, interval 30", "HealthcareService/hs-office", all, "30/30"},
		{"hs-office booking instant", "HealthcareService/hs-office", booking, "instant"},
		{"hs-kim 30/15", "HealthcareService/hs-kim", all, "30/15"},
		{"hs-kim bufferAfter 10", "HealthcareService/hs-kim", params("bufferAfter"), "10"},
		{"hs-surgery 120/30", "HealthcareService/hs-surgery", all, "120/30"},
		{"hs-surgery buffers 30/30", "HealthcareService/hs-surgery", params("bufferBefore") + ".toString() & '/' & " + params("bufferAfter") + ".toString()", "30/30"},
		{"hs-surgery by dr-chan and or-1", "", "entry.resource.ofType(Schedule).where(serviceType.coding.code = 'surgery').actor.reference", "Practitioner/dr-chan,Location/or-1"},
		{"hs-group 60/60", "HealthcareService/hs-group", all, "60/60"},
		{"hs-group capacity 3", "HealthcareService/hs-group", part("scheduling-parameters", "slotCapacity") + ".value", "3"},
		{"hs-night 30/30", "HealthcareService/hs-night", all, "30/30"},
		{"hs-virtual is virtual", "HealthcareService/hs-virtual", "characteristic.coding.code", "virtual"},
		{"hs-followup can be booked from home", "HealthcareService/hs-followup", booking, "instant"},
		{"a schedule has one actor", "", count("Schedule", "actor.count() = 1 and active"), "10"},
		{"sch-lee is dr-lee's", "Schedule/sch-lee", "actor.reference", "Practitioner/dr-lee"},
		{"sch-kim is dr-kim's", "Schedule/sch-kim", "actor.reference", "Practitioner/dr-kim"},
		{"sch-room1 is room-1's", "Schedule/sch-room1", "actor.reference", "Location/room-1"},
	}
	hours := "extension('" + ours + "scheduling-parameters').extension('availability').extension('availableTime')" +
		".select(extension('daysOfWeek').value.first() & '-' & extension('daysOfWeek').value.last() & ' ' & " +
		"extension('availableStartTime').value.toString() & '-' & extension('availableEndTime').value.toString())"
	for _, s := range [][2]string{
		{"sch-lee", "mon-fri 09:00:00-12:00:00,mon-fri 13:00:00-17:00:00"}, {"sch-kim", "mon-fri 09:00:00-11:00:00"},
		{"sch-room1", "mon-fri 08:00:00-18:00:00"}, {"sch-chan", "mon-fri 08:00:00-18:00:00"}, {"sch-or1", "mon-fri 08:00:00-18:00:00"},
		{"sch-group", "tue-tue 10:00:00-12:00:00"}, {"sch-night", "sun-sun 00:00:00-04:00:00"},
	} {
		claims = append(claims, claim{s[0] + " hours", "Schedule/" + s[0], hours, s[1]},
			claim{s[0] + " in New York", "Schedule/" + s[0], part("scheduling-parameters", "timezone") + ".value", "America/New_York"})
	}
	return claims
}

func patients() []claim {
	return []claim{
		{"pat-ana", "Patient/pat-ana", "name.given | name.family | birthDate | telecom.where(system = 'phone').value", "Ana,Silva,1985-04-12,+12125550101"},
		{"pat-ana takes warfarin", "", "entry.resource.ofType(MedicationRequest).where(subject.reference = 'Patient/pat-ana' and status = 'active').medication.coding.where(system.contains('atc')).code", "B01AA03"},
		{"pat-ben", "Patient/pat-ben", "birthDate", "1958-02-02"},
		{"pat-ben has heart failure and diabetes", "", "entry.resource.ofType(Condition).where(subject.reference = 'Patient/pat-ben' and clinicalStatus.coding.code = 'active').code.coding.where(system.contains('icd-10')).code", "I50.9,E11.9"},
		{"pat-ben discharged 2026-02-20", "Encounter/enc-ben-stay", "status | period.end", "finished,2026-02-20T16:00:00Z"},
		{"pat-ben at high risk", "RiskAssessment/risk-ben-lace", "encounter.reference | prediction.qualitativeRisk.coding.code | prediction.probability", "Encounter/enc-ben-stay,high,0.1688"},
		{"pat-cara's allergy", "AllergyIntolerance/allergy-cara-penicillin", "patient.reference | criticality | code.coding.where(system.contains('atc')).code", "Patient/pat-cara,high,J01C"},
		{"pat-dup was born with pat-ana", "Patient/pat-dup", "name.family | birthDate", "Silva,1985-04-12"},
		// REG-1 puts pat-ana first: a duplicate with her telephone number as well would come before her.
		{"pat-dup has another telephone", "Patient/pat-dup", "telecom.value", "+17185550104"},
		{"pat-kid has a RelatedPerson", "RelatedPerson/rel-kid-mother", "patient.reference", "Patient/pat-kid"},
		{"MRNs", "", "entry.resource.ofType(Patient).identifier.where(system = 'https://andiron.dev/fhir/sid/mrn/org-hosp').value", "200000016,200000024,200000032,200000040,200000057"},
	}
}

func insurance() []claim {
	used := "benefitBalance.financial.where(type.coding.code = '%').select(used.value.toString() & ' of ' & allowed.value.toString())"
	return []claim{
		{"cov-ana pays through payer-acme", "Coverage/cov-ana", "status | beneficiary.reference | payor.reference", "active,Patient/pat-ana,Organization/payer-acme"},
		{"cov-ana is plan SILVER", "Coverage/cov-ana", "class.where(type.coding.code = 'plan').value", "SILVER"},
		{"plan-silver is SILVER", "InsurancePlan/plan-silver", "identifier.value | ownedBy.reference", "SILVER,Organization/payer-acme"},
		{"cov-ana's period", "Coverage/cov-ana", "period.start | period.end", "2026-01-01,2026-12-31"},
		{"deductible used 430 of 500", "ExplanationOfBenefit/eob-ana-2", strings.ReplaceAll(used, "%", "deductible"), "430.00 of 500.00"},
		{"out of pocket used 500 of 2000", "ExplanationOfBenefit/eob-ana-2", strings.ReplaceAll(used, "%", "maxoutofpocket"), "500.00 of 2000.00"},
	}
}

func prices() []claim {
	component := "propertyGroup.priceComponent.select(type & ' ' & iif(factor.exists(), factor, amount.value).toString())"
	return []claim{
		{"cid-office", "ChargeItemDefinition/cid-office", component, "base 120.00,surcharge 0.25,discount 0.10,tax 0.07"},
		{"cid-dressing", "ChargeItemDefinition/cid-dressing", component, "base 85.50,discount 5.00,tax 0.07"},
		{"cid-ecg", "ChargeItemDefinition/cid-ecg", component, "base 90.00"},
		{"cid-bedday", "ChargeItemDefinition/cid-bedday", component, "base 300.00"},
	}
}

func stock() []claim {
	lot := func(name, want string) claim {
		q := "extension('" + ours + "stock-quantity')"
		return claim{"lot " + name, "", "entry.resource.ofType(Basic)." + q + ".where(extension('lot').value = '" + name +
			"').select(extension('onHand').value.toString() & ' ' & extension('available').value.toString() & ' ' & extension('expiry').value.toString() & ' ' & extension('location').value.reference)", want}
	}
	policy := func(name string) string { return part("stock-policy", name) + ".value" }
	return []claim{
		lot("A", "30 30 2026-04-30 Location/loc-pharm"), lot("B", "100 100 2026-12-31 Location/loc-pharm"), lot("C", "20 0 2026-02-01 Location/loc-pharm"),
		{"onHand 150", "", "entry.resource.ofType(Basic)." + part("stock-quantity", "onHand") + ".value.aggregate($this + $total, 0)", "150"},
		{"available 130", "", "entry.resource.ofType(Basic)." + part("stock-quantity", "available") + ".value.aggregate($this + $total, 0)", "130"},
		{"policy", "Basic/item-para", policy("reorderPoint") + " | " + policy("packSize") + " | " + policy("leadTimeDays") + " | " + policy("reviewDays") + " | " + policy("serviceLevelZ"), "75,50,5,7,1.645"},
	}
}

func monitoring() []claim {
	interval := func(category string) string {
		return "qualifiedInterval.where(category = '" + category + "').range.select(low.value.toString() & '-' & high.value.toString())"
	}
	return []claim{
		{"gw-1", "Device/gw-1", "status", "active"},
		{"dev-bp-1 is pat-ben's", "Device/dev-bp-1", "patient.reference", "Patient/pat-ben"},
		{"dev-hr-1 is nobody's", "Device/dev-hr-1", "status | patient.reference", "active"},
		{"systolic blood pressure 90-180", "ObservationDefinition/obsdef-sbp", interval("reference"), "90-180"},
		{"critical beyond 80-180", "ObservationDefinition/obsdef-sbp", interval("critical"), "80-180"},
	}
}

func history() []claim {
	february := "start >= @2026-02-01T05:00:00Z and start < @2026-03-01T05:00:00Z"
	return []claim{
		{"10 resolved appointments in 2026-02", "", count("Appointment", february+" and (status = 'fulfilled' or status = 'noshow')"), "10"},
		{"2 of them noshow", "", count("Appointment", february+" and status = 'noshow'"), "2"},
		{"a cancelled one, which ANA-1 leaves out", "", count("Appointment", february+" and status = 'cancelled'"), "1"},
		{"nothing is booked yet", "", count("Appointment", "start >= @2026-03-01T05:00:00Z"), "0"},
		{"pat-ben did not come on 2026-02-25", "Appointment/appt-0225-ben", "status | start.toString().substring(0, 10)", "noshow,2026-02-25"},
		{"pat-ben has not been here since", "", count("Encounter", "subject.reference = 'Patient/pat-ben' and period.start > @2026-02-20T16:00:00Z"), "0"},
		{"LACE: two emergency visits in six months", "", count("Encounter", "subject.reference = 'Patient/pat-ben' and class.code = 'EMER' and period.start >= @2025-08-15T00:00:00Z"), "2"},
		{"LACE 12", "RiskAssessment/risk-ben-lace", "prediction." + part("feature-contribution", "contribution") + ".value.aggregate($this + $total, 0)", "12"},
		{"HOSPITAL: two admissions in twelve months", "", count("Encounter", "subject.reference = 'Patient/pat-ben' and class.code = 'IMP' and period.start >= @2025-02-15T00:00:00Z and period.start < @2026-02-15T00:00:00Z"), "2"},
		// FUP-1: chronic, and no visit for 180 days.
		{"pat-ana's last visit", "", "entry.resource.ofType(Encounter).where(subject.reference = 'Patient/pat-ana').period.end", "2025-08-20T14:25:00Z"},
		{"pat-dup has an Observation to merge", "", count("Observation", "subject.reference = 'Patient/pat-dup'"), "1"},
	}
}

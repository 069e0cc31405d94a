package main

import "testing"

// fixturePatients is what the tests of registration need of fixture F0 (domain.md §19).
func (s *running) fixturePatients(t testing.TB) {
	t.Helper()
	for _, r := range []string{
		`{"resourceType":"Organization","id":"org-hosp","active":true,"name":"Andiron General","type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"prov"}]}]}`,
		`{"resourceType":"Organization","id":"payer-acme","active":true,"name":"Acme","type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"pay"}]}]}`,
		`{"resourceType":"Patient","id":"pat-ana","active":true,"identifier":[{"system":"https://andiron.dev/fhir/sid/mrn/org-hosp","value":"200000016"}],"name":[{"family":"Silva","given":["Ana"]}],"gender":"female",
			"birthDate":"1985-04-12","telecom":[{"system":"phone","value":"+1-212-555-0101"}],"managingOrganization":{"reference":"Organization/org-hosp"}}`,
		`{"resourceType":"Patient","id":"pat-ben","active":true,"identifier":[{"system":"https://andiron.dev/fhir/sid/mrn/org-hosp","value":"200000024"}],"name":[{"family":"Berg","given":["Benjamin"]}],"gender":"male",
			"birthDate":"1958-02-02"}`,
		`{"resourceType":"Patient","id":"pat-dup","active":true,"identifier":[{"system":"https://andiron.dev/fhir/sid/mrn/org-hosp","value":"200000040"}],"name":[{"family":"Silva","given":["Anna"]}],"gender":"female",
			"birthDate":"1985-04-12","address":[{"postalCode":"10001"}]}`,
		`{"resourceType":"Observation","id":"obs-ana","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/pat-ana"}}`,
		`{"resourceType":"Observation","id":"obs-dup-1","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/pat-dup"}}`,
		`{"resourceType":"Observation","id":"obs-dup-2","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/pat-dup"}}`,
	} {
		s.stored(t, r)
	}
}

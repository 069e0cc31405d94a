package storetest

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// benchPatient is a Patient of the size and with the index values that records of a real clinic have.
func benchPatient(t testing.TB, i int) *fhir.Resource {
	t.Helper()
	return resource(t, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d",
		"meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
		"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","valueCode":"F"}],
		"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:mrn","value":"mrn-%d"},
			{"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-%05d"}],
		"active":true,"name":[{"use":"official","family":"Family%d","given":["Given%d","Second%d"],"prefix":["Mrs."]}],
		"telecom":[{"system":"phone","value":"555-%04d","use":"home"}],"gender":"%s","birthDate":"19%02d-%02d-%02d",
		"address":[{"line":["%d Main Street"],"city":"Town%d","state":"MA","postalCode":"%05d","country":"US"}],
		"generalPractitioner":[{"reference":"Practitioner/dr%d"}]}`,
		i, i, i, i%300, i%50, i%70, i%9999, []string{"female", "male"}[i%2], 20+i%80, 1+i%12, 1+i%28, i, i%40, i%99999, i%20))
}

// benchObservation is observation o of patient p.
func benchObservation(t testing.TB, id string, p, o int) *fhir.Resource {
	t.Helper()
	codes := []string{"8302-2", "29463-7", "39156-5", "8480-6", "8462-4", "2339-0", "6299-2", "38483-4", "2947-0", "72514-3"}
	return resource(t, fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final",
		"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],
		"code":{"coding":[{"system":"http://loinc.org","code":"%s","display":"A measurement that has a name of the usual length"}],"text":"A measurement"},
		"subject":{"reference":"Patient/p%d"},"encounter":{"reference":"Encounter/p%d-e%d"},
		"effectiveDateTime":"20%02d-%02d-%02dT%02d:30:00+01:00","issued":"20%02d-%02d-%02dT%02d:31:12.345+01:00",
		"valueQuantity":{"value":%d.25,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}`,
		id, codes[o%len(codes)], p, p, o/4, 10+o%12, 1+p%12, 1+(p+o)%28, o%24, 10+o%12, 1+p%12, 1+(p+o)%28, o%24, 100+p%90))
}

// patientList is a list of references to the first n patients, as _revinclude asks for.
func patientList(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("Patient/p%d", i)
	}
	return strings.Join(list, ",")
}

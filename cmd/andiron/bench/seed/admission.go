package seed

// admission is a transaction of four creates that refer to each other by urn:uuid: a Patient, an Encounter and two
// Observations, about 3.2 KB together.
const admission = `{
"resourceType": "Bundle",
"type": "transaction",
"entry": [
 {"fullUrl": "urn:uuid:${patientUUID}", "request": {"method": "POST", "url": "Patient"}, "resource": {
  "resourceType": "Patient",
  "extension": [{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": [
    {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "${raceCode}", "display": "${raceText}"}},
    {"url": "text", "valueString": "${raceText}"}]}],
  "identifier": [
    {"system": "urn:andiron:bench", "value": "${marker}"},
    {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR", "display": "Medical record number"}]}, "system": "http://hospital.example.org/mrn", "value": "MRN-${marker}"}],
  "name": [{"use": "official", "family": "${family}", "given": ["${given}", "${middle}"], "prefix": ["${title}"]}],
  "telecom": [{"system": "phone", "value": "${phone}", "use": "home"}],
  "gender": "${gender}",
  "birthDate": "${birthDate}",
  "address": [{"use": "home", "line": ["${street}"], "city": "${city}", "state": "Massachusetts", "postalCode": "${postal}", "country": "US"}]}},
 {"fullUrl": "urn:uuid:${encounterUUID}", "request": {"method": "POST", "url": "Encounter"}, "resource": {
  "resourceType": "Encounter",
  "identifier": [{"system": "urn:andiron:bench", "value": "${marker}"}],
  "status": "in-progress",
  "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER", "display": "emergency"},
  "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "50849002", "display": "Emergency room admission"}]}],
  "subject": {"reference": "urn:uuid:${patientUUID}", "display": "${given} ${family}"},
  "period": {"start": "${start}"},
  "reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}]}]}},
 {"fullUrl": "urn:uuid:${systolicUUID}", "request": {"method": "POST", "url": "Observation"}, "resource": {
  "resourceType": "Observation",
  "status": "final",
  "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs", "display": "Vital Signs"}]}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic blood pressure"}], "text": "Systolic blood pressure"},
  "subject": {"reference": "urn:uuid:${patientUUID}"},
  "encounter": {"reference": "urn:uuid:${encounterUUID}"},
  "effectiveDateTime": "${start}",
  "valueQuantity": {"value": "#{systolic}", "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}},
 {"fullUrl": "urn:uuid:${heartRateUUID}", "request": {"method": "POST", "url": "Observation"}, "resource": {
  "resourceType": "Observation",
  "status": "final",
  "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs", "display": "Vital Signs"}]}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}], "text": "Heart rate"},
  "subject": {"reference": "urn:uuid:${patientUUID}"},
  "encounter": {"reference": "urn:uuid:${encounterUUID}"},
  "effectiveDateTime": "${start}",
  "valueQuantity": {"value": "#{heartRate}", "unit": "beats/minute", "system": "http://unitsofmeasure.org", "code": "/min"}}}]
}`

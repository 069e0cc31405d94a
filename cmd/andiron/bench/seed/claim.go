package seed

// claim is a Claim of about 3 KB. Its PUT changes created.
const claim = `{
"resourceType": "Claim",
"id": "${id}",
"identifier": [{"system": "urn:andiron:bench", "value": "${marker}"}],
"status": "active",
"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional", "display": "Institutional"}]},
"use": "claim",
"patient": {"reference": "Patient/${patientID}", "display": "${given} ${family}"},
"billablePeriod": {"start": "${start}", "end": "${end}"},
"created": "${written}",
"insurer": {"display": "Commonwealth Mutual Insurance"},
"provider": {"reference": "Organization/${organizationID}", "display": "${facility}"},
"priority": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/processpriority", "code": "normal", "display": "Normal"}]},
"prescription": {"reference": "MedicationRequest/${medicationRequestID}"},
"payee": {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/payeetype", "code": "provider", "display": "Provider"}]}},
"facility": {"reference": "Location/${locationID}", "display": "${facility}, room ${room}"},
"careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/${practitionerID}", "display": "Dr. ${doctorGiven} ${doctorFamily}"}, "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claimcareteamrole", "code": "primary", "display": "Primary provider"}]}}],
"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}], "text": "${reasonText}"},
  "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-diagnosistype", "code": "principal", "display": "Principal Diagnosis"}]}]}],
"insurance": [{"sequence": 1, "focal": true, "coverage": {"display": "Commonwealth Mutual Insurance"}}],
"item": [
  {"sequence": 1, "careTeamSequence": [1], "productOrService": {"coding": [{"system": "http://snomed.info/sct", "code": "185345009", "display": "Encounter for symptom"}], "text": "Encounter for symptom"},
   "servicedPeriod": {"start": "${start}", "end": "${end}"}, "net": {"value": "#{amount}", "currency": "USD"}, "encounter": [{"reference": "Encounter/${encounterID}"}]},
  {"sequence": 2, "diagnosisSequence": [1], "productOrService": {"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}], "text": "${reasonText}"}, "net": {"value": 0.00, "currency": "USD"}},
  {"sequence": 3, "productOrService": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "${drugCode}", "display": "${drugText}"}], "text": "${drugText}"}, "quantity": {"value": 30}}],
"total": {"value": "#{amount}", "currency": "USD"}
}`

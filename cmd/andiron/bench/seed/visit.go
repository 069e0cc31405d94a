package seed

// encounter is an Encounter of about 1.9 KB. Its PUT changes the status.
const encounter = `{
"resourceType": "Encounter",
"id": "${id}",
"text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Visit of ${title} ${given} ${family} to ${facility}, room ${room}, from ${start} to ${end}: ${reasonText}. Seen by Dr. ${doctorGiven} ${doctorFamily}.</p></div>"},
"identifier": [{"use": "official", "system": "urn:andiron:bench", "value": "${marker}"}],
"status": "${encounterStatus}",
"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"},
"type": [{"coding": [{"system": "http://snomed.info/sct", "code": "185345009", "display": "Encounter for symptom"}], "text": "Encounter for symptom"}],
"priority": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActPriority", "code": "R", "display": "routine"}]},
"subject": {"reference": "Patient/${patientID}", "display": "${title} ${given} ${family}"},
"participant": [{
  "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "PPRF", "display": "primary performer"}], "text": "primary performer"}],
  "period": {"start": "${start}", "end": "${end}"},
  "individual": {"reference": "Practitioner/${practitionerID}", "display": "Dr. ${doctorGiven} ${doctorFamily}"}}],
"period": {"start": "${start}", "end": "${end}"},
"reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}], "text": "${reasonText}"}],
"location": [{"location": {"reference": "Location/${locationID}", "display": "${facility}, room ${room}"}, "status": "active", "period": {"start": "${start}", "end": "${end}"}}],
"serviceProvider": {"reference": "Organization/${organizationID}", "display": "${facility}"}
}`

// observation is a blood pressure of about 1.1 KB. Its PUT changes issued.
const observation = `{
"resourceType": "Observation",
"id": "${id}",
"identifier": [{"system": "urn:andiron:bench", "value": "${marker}"}],
"status": "final",
"category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs", "display": "Vital Signs"}]}],
"code": {"coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure panel with all children optional"}], "text": "Blood Pressure"},
"subject": {"reference": "Patient/${patientID}"},
"encounter": {"reference": "Encounter/${encounterID}"},
"effectiveDateTime": "${start}",
"issued": "${issued}",
"component": [
  {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic blood pressure"}]}, "valueQuantity": {"value": "#{systolic}", "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}},
  {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4", "display": "Diastolic blood pressure"}]}, "valueQuantity": {"value": "#{diastolic}", "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}]
}`

// medicationRequest is a MedicationRequest of about 1.2 KB. Its PUT changes the status.
const medicationRequest = `{
"resourceType": "MedicationRequest",
"id": "${id}",
"identifier": [{"system": "urn:andiron:bench", "value": "${marker}"}],
"status": "${medicationStatus}",
"intent": "order",
"medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "${drugCode}", "display": "${drugText}"}], "text": "${drugText}"},
"subject": {"reference": "Patient/${patientID}"},
"encounter": {"reference": "Encounter/${encounterID}"},
"authoredOn": "${start}",
"requester": {"reference": "Practitioner/${practitionerID}", "display": "Dr. ${doctorGiven} ${doctorFamily}"},
"reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}]}],
"dosageInstruction": [{"sequence": 1, "text": "One tablet twice a day", "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "asNeededBoolean": false,
  "doseAndRate": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/dose-rate-type", "code": "ordered", "display": "Ordered"}]}, "doseQuantity": {"value": 1}}]}],
"dispenseRequest": {"numberOfRepeatsAllowed": 1, "quantity": {"value": 30}, "expectedSupplyDuration": {"value": 15, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d"}}
}`

package seed

// explanationOfBenefit is an ExplanationOfBenefit of about 7.8 KB with a contained referral and coverage. Its PUT changes
// created.
const explanationOfBenefit = `{
"resourceType": "ExplanationOfBenefit",
"id": "${id}",
"contained": [
  {"resourceType": "ServiceRequest", "id": "referral", "status": "completed", "intent": "order", "subject": {"reference": "Patient/${patientID}"},
   "requester": {"reference": "Practitioner/${practitionerID}"}, "performer": [{"reference": "Practitioner/${practitionerID}"}]},
  {"resourceType": "Coverage", "id": "coverage", "status": "active", "type": {"text": "Commonwealth Mutual Insurance"}, "beneficiary": {"reference": "Patient/${patientID}"}, "payor": [{"display": "Commonwealth Mutual Insurance"}]}],
"identifier": [
  {"system": "urn:andiron:bench", "value": "${marker}"},
  {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "FILL", "display": "Filler Identifier"}]}, "system": "https://bluebutton.cms.gov/resources/variables/clm_id", "value": "CLM-${marker}"},
  {"system": "https://bluebutton.cms.gov/resources/identifier/claim-group", "value": "99999999999"}],
"status": "active",
"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional", "display": "Institutional"}], "text": "Institutional"},
"use": "claim",
"patient": {"reference": "Patient/${patientID}"},
"billablePeriod": {"start": "${start}", "end": "${end}"},
"created": "${written}",
"insurer": {"display": "Commonwealth Mutual Insurance"},
"provider": {"reference": "Practitioner/${practitionerID}"},
"referral": {"reference": "#referral"},
"facility": {"reference": "Location/${locationID}", "display": "${facility}, room ${room}"},
"claim": {"reference": "Claim/${claimID}"},
"outcome": "complete",
"disposition": "Settled in full on first submission.",
"careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/${practitionerID}"}, "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claimcareteamrole", "code": "primary", "display": "Primary provider"}]}}],
"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}], "text": "${reasonText}"},
  "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-diagnosistype", "code": "principal", "display": "Principal Diagnosis"}]}]}],
"insurance": [{"focal": true, "coverage": {"reference": "#coverage", "display": "Commonwealth Mutual Insurance"}}],
"item": [
  {"sequence": 1,
   "category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd", "code": "1", "display": "Medical care"}]},
   "productOrService": {"coding": [{"system": "http://snomed.info/sct", "code": "185345009", "display": "Encounter for symptom"}], "text": "Encounter for symptom"},
   "servicedPeriod": {"start": "${start}", "end": "${end}"},
   "locationCodeableConcept": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-serviceplace", "code": "19", "display": "Off Campus-Outpatient Hospital"}]},
   "encounter": [{"reference": "Encounter/${encounterID}"}]},
  {"sequence": 2, "diagnosisSequence": [1],
   "category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd", "code": "1", "display": "Medical care"}]},
   "productOrService": {"coding": [{"system": "http://snomed.info/sct", "code": "${reasonCode}", "display": "${reasonText}"}], "text": "${reasonText}"},
   "servicedPeriod": {"start": "${start}", "end": "${end}"},
   "locationCodeableConcept": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-serviceplace", "code": "19", "display": "Off Campus-Outpatient Hospital"}]},
   "net": {"value": "#{amount}", "currency": "USD"},
   "adjudication": [
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_coinsrnc_amt", "display": "Line Beneficiary Coinsurance Amount"}]}, "amount": {"value": "#{copay}", "currency": "USD"}},
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_prvdr_pmt_amt", "display": "Line Provider Payment Amount"}]}, "amount": {"value": "#{benefit}", "currency": "USD"}},
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_sbmtd_chrg_amt", "display": "Line Submitted Charge Amount"}]}, "amount": {"value": "#{amount}", "currency": "USD"}},
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_alowd_chrg_amt", "display": "Line Allowed Charge Amount"}]}, "amount": {"value": "#{amount}", "currency": "USD"}},
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_bene_ptb_ddctbl_amt", "display": "Line Beneficiary Part B Deductible Amount"}]}, "amount": {"value": 0.00, "currency": "USD"}},
     {"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication", "code": "https://bluebutton.cms.gov/resources/variables/line_prcsg_ind_cd", "display": "Line Processing Indicator Code"}]}}]},
  {"sequence": 3,
   "category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd", "code": "1", "display": "Medical care"}]},
   "productOrService": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "${drugCode}", "display": "${drugText}"}], "text": "${drugText}"},
   "servicedPeriod": {"start": "${start}", "end": "${end}"},
   "locationCodeableConcept": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-serviceplace", "code": "01", "display": "Pharmacy"}]},
   "quantity": {"value": 30},
   "adjudication": [
     {"category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted", "display": "Submitted Amount"}]}, "amount": {"value": "#{copay}", "currency": "USD"}},
     {"category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "eligible", "display": "Eligible Amount"}]}, "amount": {"value": "#{copay}", "currency": "USD"}},
     {"category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "benefit", "display": "Benefit Amount"}]}, "amount": {"value": "#{copay}", "currency": "USD"}}]}],
"total": [
  {"category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted", "display": "Submitted Amount"}], "text": "Submitted Amount"}, "amount": {"value": "#{amount}", "currency": "USD"}},
  {"category": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "benefit", "display": "Benefit Amount"}], "text": "Benefit Amount"}, "amount": {"value": "#{benefit}", "currency": "USD"}}],
"payment": {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-paymenttype", "code": "complete", "display": "Complete"}]}, "date": "2024-03-01", "amount": {"value": "#{benefit}", "currency": "USD"}}
}`

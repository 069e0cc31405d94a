package seed

// patient is a Patient of about 4.7 KB with the US Core race, ethnicity and birth sex extensions. Its
// PUT changes the gender.
const patient = `{
"resourceType": "Patient",
"id": "${id}",
"text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>${title} ${given} ${middle} ${family}</b>, born ${birthDate}. Lives at ${street}, ${city}, Massachusetts ${postal}. Home phone ${phone}, mobile ${mobile}. Medical record ${marker}.</p></div>"},
"extension": [
  {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": [
    {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "${raceCode}", "display": "${raceText}"}},
    {"url": "text", "valueString": "${raceText}"}]},
  {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity", "extension": [
    {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "${ethnicityCode}", "display": "${ethnicityText}"}},
    {"url": "text", "valueString": "${ethnicityText}"}]},
  {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "${birthSex}"},
  {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "${mother}"},
  {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "${city}", "state": "Massachusetts", "country": "US"}}],
"identifier": [
  {"use": "usual", "system": "urn:andiron:bench", "value": "${marker}"},
  {"use": "official", "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR", "display": "Medical record number"}], "text": "Medical Record Number"}, "system": "http://hospital.example.org/mrn", "value": "MRN-${marker}", "assigner": {"display": "${facility}"}},
  {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "SS", "display": "Social Security number"}], "text": "Social Security Number"}, "system": "http://hl7.org/fhir/sid/us-ssn", "value": "${ssn}"},
  {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "DL", "display": "Driver's license number"}], "text": "Driver's License"}, "system": "urn:oid:2.16.840.1.113883.4.3.25", "value": "${license}"},
  {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PPN", "display": "Passport number"}], "text": "Passport Number"}, "system": "http://hospital.example.org/passport", "value": "${passport}"}],
"active": true,
"name": [
  {"use": "official", "text": "${title} ${given} ${middle} ${family}", "family": "${family}", "given": ["${given}", "${middle}"], "prefix": ["${title}"]},
  {"use": "maiden", "family": "${maiden}", "given": ["${given}", "${middle}"], "prefix": ["${title}"]}],
"telecom": [
  {"system": "phone", "value": "${phone}", "use": "home", "rank": 2},
  {"system": "phone", "value": "${mobile}", "use": "mobile", "rank": 1},
  {"system": "email", "value": "${given}.${family}@mail.example.org", "use": "home"}],
"gender": "${gender}",
"birthDate": "${birthDate}",
"address": [
  {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": [{"url": "latitude", "valueDecimal": "#{latitude}"}, {"url": "longitude", "valueDecimal": "#{longitude}"}]}],
   "use": "home", "type": "physical", "text": "${street}, ${city}, Massachusetts ${postal}, US", "line": ["${street}"], "city": "${city}", "state": "Massachusetts", "postalCode": "${postal}", "country": "US"},
  {"use": "billing", "type": "postal", "line": ["Post box ${room}"], "city": "${city}", "state": "Massachusetts", "postalCode": "${postal}", "country": "US"}],
"maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "${maritalCode}", "display": "${maritalText}"}], "text": "${maritalText}"},
"multipleBirthBoolean": false,
"contact": [
  {"relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "N", "display": "Next-of-Kin"}], "text": "Next of kin"}],
   "name": {"use": "official", "family": "${mother}", "given": ["${contactGiven}"], "prefix": ["Mrs."]},
   "telecom": [{"system": "phone", "value": "${phone}", "use": "home"}, {"system": "email", "value": "${contactGiven}.${mother}@mail.example.org", "use": "home"}],
   "address": {"use": "home", "line": ["${street}"], "city": "${city}", "state": "Massachusetts", "postalCode": "${postal}", "country": "US"},
   "gender": "female"},
  {"relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C", "display": "Emergency Contact"}], "text": "Emergency contact"}],
   "name": {"use": "official", "family": "${maiden}", "given": ["${contactGiven}"]},
   "telecom": [{"system": "phone", "value": "${mobile}", "use": "mobile"}]}],
"communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en-US", "display": "English (United States)"}], "text": "English"}, "preferred": true}]
}`

package seed

// location is a Location of about 0.9 KB. Its PUT changes the name.
const location = `{
"resourceType": "Location",
"id": "${id}",
"identifier": [{"system": "urn:andiron:bench", "value": "${marker}"}],
"status": "active",
"name": "${facility}, room ${room}${renamed}",
"description": "Consulting room ${room} of ${facility}, ${street}, ${city}",
"mode": "instance",
"type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "OF", "display": "Outpatient facility"}]}],
"telecom": [{"system": "phone", "value": "${phone}", "use": "work"}],
"address": {"use": "work", "line": ["${street}"], "city": "${city}", "state": "MA", "postalCode": "${postal}", "country": "US"},
"physicalType": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "ro", "display": "Room"}]},
"position": {"longitude": "#{longitude}", "latitude": "#{latitude}"},
"hoursOfOperation": [{"daysOfWeek": ["mon", "tue", "wed", "thu", "fri"], "openingTime": "08:00:00", "closingTime": "18:30:00"}]
}`

// organization is an Organization of about 1 KB. Its PUT changes the name.
const organization = `{
"resourceType": "Organization",
"id": "${id}",
"identifier": [
  {"system": "urn:andiron:bench", "value": "${marker}"},
  {"use": "official", "system": "http://hl7.org/fhir/sid/us-npi", "value": "${npi}"}],
"active": true,
"type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov", "display": "Healthcare Provider"}], "text": "Healthcare Provider"}],
"name": "${facility} (${room})${renamed}",
"alias": ["${facility}, ${city}"],
"telecom": [
  {"system": "phone", "value": "${phone}", "use": "work"},
  {"system": "email", "value": "office@${postal}.hospital.example.org", "use": "work"}],
"address": [{"use": "work", "type": "both", "line": ["${street}"], "city": "${city}", "state": "MA", "postalCode": "${postal}", "country": "US"}],
"contact": [{"purpose": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/contactentity-type", "code": "ADMIN", "display": "Administrative"}]},
  "name": {"family": "${mother}", "given": ["${contactGiven}"]}, "telecom": [{"system": "phone", "value": "${mobile}", "use": "work"}]}]
}`

// practitioner is a Practitioner of about 0.7 KB. Its PUT changes the gender.
const practitioner = `{
"resourceType": "Practitioner",
"id": "${id}",
"identifier": [
  {"system": "urn:andiron:bench", "value": "${marker}"},
  {"use": "official", "system": "http://hl7.org/fhir/sid/us-npi", "value": "${npi}"}],
"active": true,
"name": [{"use": "official", "text": "Dr. ${doctorGiven} ${doctorFamily}", "family": "${doctorFamily}", "given": ["${doctorGiven}"], "prefix": ["Dr."]}],
"telecom": [{"system": "email", "value": "${doctorGiven}.${doctorFamily}@hospital.example.org", "use": "work"}],
"address": [{"use": "work", "line": ["${street}"], "city": "${city}", "state": "MA", "postalCode": "${postal}", "country": "US"}],
"gender": "${doctorGender}",
"qualification": [{"code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0360", "code": "MD", "display": "Doctor of Medicine"}], "text": "Doctor of Medicine"}, "period": {"start": "1998-06-01"}}]
}`

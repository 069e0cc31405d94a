package seed

// Blank is a place in a form that a Record fills.
type Blank int

// The blanks. Those up to Drawn are drawn at random for every Record; the others are set by who sends it.
const (
	Marker Blank = iota // unique identifier of the record, in every form
	Family
	Given
	Middle
	Maiden
	Mother
	Title
	Gender
	BirthSex
	BirthDate
	SSN
	License
	Passport
	Phone
	Mobile
	Street
	City
	Postal
	Latitude
	Longitude
	RaceCode
	RaceText
	EthnicityCode
	EthnicityText
	MaritalCode
	MaritalText
	ContactGiven
	DoctorGiven
	DoctorFamily
	DoctorGender
	NPI
	Facility
	Room
	Start
	End
	ReasonCode
	ReasonText
	DrugCode
	DrugText
	Systolic
	Diastolic
	HeartRate
	Amount
	Copay
	Benefit
	PatientUUID
	EncounterUUID
	SystolicUUID
	HeartRateUUID

	// ID is the logical id. A form without it has no member "id", as a create wants it.
	ID
	EncounterStatus
	MedicationStatus
	Issued  // instant
	Written // dateTime on which a Claim or ExplanationOfBenefit was created
	Renamed // end of the name of a Location or Organization; empty until it is updated

	// Logical ids of the resources that others refer to.
	PatientID
	LocationID
	OrganizationID
	PractitionerID
	EncounterID
	MedicationRequestID
	ClaimID

	blanks // how many there are
)

// blankNames gives the names that blanks have in a form.
func blankNames() [blanks]string {
	return [blanks]string{
		Marker: "marker", Family: "family", Given: "given", Middle: "middle", Maiden: "maiden", Mother: "mother",
		Title: "title", Gender: "gender", BirthSex: "birthSex", BirthDate: "birthDate", SSN: "ssn", License: "license",
		Passport: "passport", Phone: "phone", Mobile: "mobile", Street: "street", City: "city", Postal: "postal",
		Latitude: "latitude", Longitude: "longitude", RaceCode: "raceCode", RaceText: "raceText",
		EthnicityCode: "ethnicityCode", EthnicityText: "ethnicityText", MaritalCode: "maritalCode",
		MaritalText: "maritalText", ContactGiven: "contactGiven", DoctorGiven: "doctorGiven",
		DoctorFamily: "doctorFamily", DoctorGender: "doctorGender", NPI: "npi", Facility: "facility", Room: "room",
		Start: "start", End: "end", ReasonCode: "reasonCode", ReasonText: "reasonText", DrugCode: "drugCode",
		DrugText: "drugText", Systolic: "systolic", Diastolic: "diastolic", HeartRate: "heartRate", Amount: "amount",
		Copay: "copay", Benefit: "benefit", PatientUUID: "patientUUID", EncounterUUID: "encounterUUID",
		SystolicUUID: "systolicUUID", HeartRateUUID: "heartRateUUID", ID: "id", EncounterStatus: "encounterStatus",
		MedicationStatus: "medicationStatus", Issued: "issued", Written: "written", Renamed: "renamed", PatientID: "patientID",
		LocationID: "locationID", OrganizationID: "organizationID", PractitionerID: "practitionerID",
		EncounterID: "encounterID", MedicationRequestID: "medicationRequestID", ClaimID: "claimID",
	}
}

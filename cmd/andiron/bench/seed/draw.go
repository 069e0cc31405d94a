package seed

import "time"

// person draws who the record is about, and who treats them.
func (r *Record) person() {
	t := &r.tables
	given := t.women
	gender, sex, title := "female", "F", "Mrs."
	if r.draw.IntN(2) == 0 {
		given, gender, sex, title = t.men, "male", "M", "Mr."
	}
	r.SetString(Gender, gender)
	r.SetString(BirthSex, sex)
	r.SetString(Title, title)
	r.pick(Given, given)
	r.pick(Middle, given)
	r.pick(Family, t.families)
	r.pick(Maiden, t.families)
	r.pick(Mother, t.families)
	r.pick(ContactGiven, t.women)
	born := time.Date(1925, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.draw.IntN(95*365))
	r.text[BirthDate] = born.AppendFormat(r.text[BirthDate][:0], time.DateOnly)
	r.digits(SSN, "999-00-0000")
	r.digits(License, "S99900000")
	r.digits(Passport, "X00000000X")
	r.digits(Phone, "555-000-0000")
	r.digits(Mobile, "555-000-0000")
	r.pick(Street, t.streets)
	r.pick(City, t.cities)
	r.digits(Postal, "02000")
	r.number(Latitude, 41_700_000, 1_000_000, 6)
	r.number(Longitude, -73_000_000, 2_500_000, 6)
	r.pair(RaceCode, RaceText, t.races)
	r.pair(EthnicityCode, EthnicityText, t.ethnicities)
	r.pair(MaritalCode, MaritalText, t.maritals)

	given, gender = t.women, "female"
	if r.draw.IntN(2) == 0 {
		given, gender = t.men, "male"
	}
	r.SetString(DoctorGender, gender)
	r.pick(DoctorGiven, given)
	r.pick(DoctorFamily, t.families)
	r.digits(NPI, "9999900000")
}

// visit draws a visit of fifteen to sixty minutes and what it cost.
func (r *Record) visit() {
	t := &r.tables
	r.pick(Facility, t.facilities)
	r.digits(Room, "000")
	start := time.Date(2010, 1, 1, 13, 0, 0, 0, time.UTC).Add(time.Duration(r.draw.IntN(15*365*24*60)) * time.Minute)
	end := start.Add(time.Duration(15+r.draw.IntN(45)) * time.Minute)
	r.text[Start] = start.AppendFormat(r.text[Start][:0], time.RFC3339)
	r.text[End] = end.AppendFormat(r.text[End][:0], time.RFC3339)
	r.pair(ReasonCode, ReasonText, t.reasons)
	r.pair(DrugCode, DrugText, t.drugs)
	r.number(Systolic, 95, 70, 0)
	r.number(Diastolic, 55, 45, 0)
	r.number(HeartRate, 50, 60, 0)
	amount := r.number(Amount, 8_000, 40_000, 2)
	copay := amount / 5
	r.decimal(Copay, copay, 2)
	r.decimal(Benefit, amount-copay, 2)
}

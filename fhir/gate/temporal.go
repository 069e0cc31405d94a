package gate

import (
	"time"

	"andiron.dev/fhir"
)

// temporal says what is wrong with a date, dateTime, instant or time, or "". R4 gives a dateTime no minutes without seconds
// and no time of day without a zone (http://hl7.org/fhir/R4/datatypes.html#dateTime).
func temporal(typ, s string) string {
	if typ == "time" {
		if !fhir.ValidTime(s) {
			return "a time looks like 14:30:00, without time zone"
		}
		return ""
	}
	t, ok := fhir.ParseTemporal(s, time.UTC)
	if !ok {
		switch typ {
		case "date":
			return "this is not a date of the calendar, such as 2024-05-01, 2024-05 or 2024"
		case "instant":
			return "this is not an instant of the calendar, such as 2024-05-01T10:30:00.000Z"
		}
		return "this is not a dateTime of the calendar, such as 2024-05-01 or 2024-05-01T10:30:00+02:00"
	}
	switch {
	case typ == "date" && t.Precision > fhir.Day:
		return "a date has no time of day"
	case typ == "instant" && (t.Precision < fhir.Second || !t.Zone):
		return "an instant needs date, time with seconds, and time zone"
	case t.Precision == fhir.Minute:
		return "a dateTime with a time of day needs its seconds"
	case t.Precision > fhir.Day && !t.Zone:
		return "a dateTime with a time of day needs its time zone"
	}
	return ""
}

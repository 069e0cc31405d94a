package fhir

import "time"

// Precision is how far a date, dateTime, instant or time is spelled out.
type Precision uint8

// The precisions, coarsest first.
const (
	Year Precision = iota + 1
	Month
	Day
	Minute // never in a resource; http://hl7.org/fhir/R4/search.html#date allows it in a search value
	Second
	Fraction
)

// Temporal is a FHIR date, dateTime or instant as what it is: a half-open interval of time. 2024-05 is the whole
// of May, 2024-05-01T10:00:00.1Z a tenth of a second. Digits beyond the nanosecond are cut off.
type Temporal struct {
	Low, High time.Time // UTC; High is the first instant after the interval
	Precision Precision
	Zone      bool // the text named its offset; otherwise Low and High were taken in the zone given to ParseTemporal
	Digits    int  // digits of the fraction of a second
}

// ParseTemporal reads a date, dateTime or instant (http://hl7.org/fhir/R4/datatypes.html#dateTime), in zone where the
// text has none. It accepts every precision; which ones an element may have is for the caller to check. Seconds may be
// 60. It reports false for what is not a point on the calendar, 2024-02-30 included.
func ParseTemporal(s string, zone *time.Location) (Temporal, bool) {
	t := Temporal{Precision: Year}
	year, ok := digits(s, 4)
	if !ok || year == 0 {
		return t, false
	}
	s = s[4:]
	month, day := 1, 1
	if s != "" {
		if month, ok = part(s, '-'); !ok || month < 1 || month > 12 {
			return t, false
		}
		s, t.Precision = s[3:], Month
	}
	if s != "" {
		if day, ok = part(s, '-'); !ok || day < 1 || day > daysIn(year, month) {
			return t, false
		}
		s, t.Precision = s[3:], Day
	}
	if s == "" {
		t.Low = time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
		switch t.Precision {
		case Year:
			t.High = time.Date(year+1, 1, 1, 0, 0, 0, 0, zone)
		case Month:
			t.High = time.Date(year, time.Month(month)+1, 1, 0, 0, 0, 0, zone)
		default:
			t.High = time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, zone)
		}
		t.Low, t.High = t.Low.UTC(), t.High.UTC()
		return t, true
	}
	if s[0] != 'T' {
		return t, false
	}
	c, s, ok := parseClock(s[1:])
	if !ok {
		return t, false
	}
	t.Precision, t.Digits = c.precision, c.digits
	zone, t.Zone, ok = parseOffset(s, zone)
	if !ok {
		return t, false
	}
	t.Low = time.Date(year, time.Month(month), day, c.hour, c.minute, c.second, c.nanos, zone).UTC()
	t.High = t.Low.Add(c.length())
	return t, true
}

// ValidTime reports whether s is a FHIR time: hh:mm:ss with an optional fraction and no zone.
func ValidTime(s string) bool {
	c, rest, ok := parseClock(s)
	return ok && rest == "" && c.precision >= Second
}

type clock struct {
	hour, minute, second, nanos int
	precision                   Precision
	digits                      int
}

// length is how long the interval is that the clock time stands for.
func (c clock) length() time.Duration {
	switch c.precision {
	case Minute:
		return time.Minute
	case Second:
		return time.Second
	}
	d := time.Second
	for range min(c.digits, 9) {
		d /= 10
	}
	return d
}

// parseClock reads hh:mm[:ss[.f…]] at the start of s and returns what follows.
func parseClock(s string) (c clock, rest string, ok bool) {
	if c.hour, ok = digits(s, 2); !ok || c.hour > 23 {
		return c, s, false
	}
	s = s[2:]
	if c.minute, ok = part(s, ':'); !ok || c.minute > 59 {
		return c, s, false
	}
	s, c.precision = s[3:], Minute
	if s == "" || s[0] != ':' {
		return c, s, true
	}
	if c.second, ok = part(s, ':'); !ok || c.second > 60 { // 60 is a leap second
		return c, s, false
	}
	s, c.precision = s[3:], Second
	if s == "" || s[0] != '.' {
		return c, s, true
	}
	s = s[1:]
	unit := int(time.Second)
	for len(s) > 0 && s[0] >= '0' && s[0] <= '9' {
		unit /= 10
		c.nanos += int(s[0]-'0') * unit
		s, c.digits = s[1:], c.digits+1
	}
	c.precision = Fraction
	return c, s, c.digits > 0
}

// parseOffset reads Z or ±hh:mm, which must be all of s. Without one, the zone given applies.
func parseOffset(s string, zone *time.Location) (*time.Location, bool, bool) {
	switch {
	case s == "":
		return zone, false, true
	case s == "Z":
		return time.UTC, true, true
	case s[0] != '+' && s[0] != '-':
		return nil, false, false
	}
	hours, ok := digits(s[1:], 2)
	if !ok || hours > 14 {
		return nil, false, false
	}
	minutes, ok := part(s[3:], ':')
	if !ok || minutes > 59 || hours == 14 && minutes > 0 || len(s) != 6 {
		return nil, false, false
	}
	offset := (hours*60 + minutes) * 60
	if s[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, true, true
	}
	return time.FixedZone("", offset), true, true
}

// part reads a separator and two digits.
func part(s string, separator byte) (int, bool) {
	if s == "" || s[0] != separator {
		return 0, false
	}
	return digits(s[1:], 2)
}

// digits reads exactly n decimal digits at the start of s.
func digits(s string, n int) (v int, ok bool) {
	if len(s) < n {
		return 0, false
	}
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

const ucum = "http://unitsofmeasure.org"

// Units converts between units of the Unified Code for Units of Measure (https://ucum.org). Without one, an
// evaluation compares quantities of the same code, and durations.
type Units interface {
	// Convert expresses in unit to a value that is given in unit from. It reports false when a unit is unknown or the
	// two do not measure the same. Units are UCUM codes, products such as "cm.m" and quotients such as "g/m" included.
	Convert(value *apd.Decimal, from, to string) (*apd.Decimal, bool)
}

// duration is a unit of time.
type duration uint8

const (
	noDuration duration = iota
	years
	months
	weeks
	days
	hours
	minutes
	seconds
	milliseconds
)

// durationOf tells the units of time. Calendar words may stand in quotes. definite is true for 'a' and 'mo', which
// UCUM gives a fixed length that no calendar has: they neither equal nor add to years and months
// (http://hl7.org/fhirpath/N1/#time-valued-quantities).
func durationOf(unit string) (d duration, definite bool) {
	switch strings.TrimSuffix(unit, "s") {
	case "year":
		return years, false
	case "month":
		return months, false
	case "week":
		return weeks, false
	case "day":
		return days, false
	case "hour":
		return hours, false
	case "minute":
		return minutes, false
	case "second":
		return seconds, false
	case "millisecond":
		return milliseconds, false
	}
	switch unit {
	case "a":
		return years, true
	case "mo":
		return months, true
	case "wk":
		return weeks, false
	case "d":
		return days, false
	case "h":
		return hours, false
	case "min":
		return minutes, false
	case "s":
		return seconds, false
	case "ms":
		return milliseconds, false
	}
	return noDuration, false
}

// milliseconds is the length of a unit where no calendar is at hand: a year has 365 days, a month 30
// (http://hl7.org/fhirpath/N1/#equality).
func (d duration) milliseconds() int64 {
	const day = 24 * 60 * 60 * 1000
	switch d {
	case years:
		return 365 * day
	case months:
		return 30 * day
	case weeks:
		return 7 * day
	case days:
		return day
	case hours:
		return 60 * 60 * 1000
	case minutes:
		return 60 * 1000
	case seconds:
		return 1000
	}
	return 1
}

// code is the UCUM code of a calendar unit whose length is the same there.
func (d duration) code() string {
	switch d {
	case weeks:
		return "wk"
	case days:
		return "d"
	case hours:
		return "h"
	case minutes:
		return "min"
	case seconds:
		return "s"
	case milliseconds:
		return "ms"
	}
	return ""
}

// convertDuration expresses a number of one unit of time in another. Years and months convert by twelve; between
// them and the rest, a year is 365 days and a month 30.
func convertDuration(n *apd.Decimal, from, to duration) (*apd.Decimal, bool) {
	factor, divisor := from.milliseconds(), to.milliseconds()
	if from <= months && to <= months {
		factor, divisor = 12, 12
		if from == months {
			factor = 1
		}
		if to == months {
			divisor = 1
		}
	}
	result := new(apd.Decimal)
	if _, err := exact().Mul(result, n, apd.New(factor, 0)); err != nil {
		return nil, false
	}
	if divisor == 1 {
		return result, true
	}
	return quotient(result, apd.New(divisor, 0))
}

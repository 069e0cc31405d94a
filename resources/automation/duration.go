package automation

import (
	"math"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// duration is a length of time as people mean it: a day is a day also when the clocks are changed, a month is as long as it is.
type duration struct {
	months, days int
	exact        time.Duration
}

// readDuration reads a Duration or a Quantity of time. Only what is shorter than a day has fractions.
func readDuration(e fhir.Element) (duration, bool) {
	unit := e.Get("code").Text()
	if unit == "" {
		unit = e.Get("unit").Text()
	}
	return lengthOf(e.Get("value").Text(), unit)
}

func lengthOf(value, unit string) (d duration, ok bool) {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.Abs(n) > 1e6 {
		return d, false
	}
	whole := int(n)
	switch unit {
	case "ms", "millisecond", "milliseconds":
		d.exact = time.Duration(n * float64(time.Millisecond))
	case "s", "second", "seconds":
		d.exact = time.Duration(n * float64(time.Second))
	case "min", "minute", "minutes":
		d.exact = time.Duration(n * float64(time.Minute))
	case "h", "hour", "hours":
		d.exact = time.Duration(n * float64(time.Hour))
	case "d", "day", "days":
		d.days, d.exact = whole, time.Duration((n-float64(whole))*24*float64(time.Hour))
	case "wk", "week", "weeks":
		d.days, d.exact = whole*7, time.Duration((n-float64(whole))*7*24*float64(time.Hour))
	case "mo", "month", "months":
		d.months = whole
		return d, float64(whole) == n
	case "a", "year", "years":
		d.months = whole * 12
		return d, float64(whole) == n
	default:
		return d, false
	}
	return d, true
}

// after is the time a duration after another: 31 January and a month is the last of February.
func (d duration) after(t time.Time) time.Time {
	if d.months != 0 {
		y, m, day := t.Date()
		last := time.Date(y, m+time.Month(d.months)+1, 0, 0, 0, 0, 0, t.Location()).Day()
		t = time.Date(y, m+time.Month(d.months), min(day, last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	}
	return t.AddDate(0, 0, d.days).Add(d.exact)
}

func (d duration) back(t time.Time) time.Time {
	return duration{-d.months, -d.days, -d.exact}.after(t)
}

func (d duration) negative() bool { return d.months < 0 || d.days < 0 || d.exact < 0 }

package path

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// shift adds a duration to a date or time, or takes it away
// (http://hl7.org/fhirpath/N1/#date-time-arithmetic). ok is false when the result is off the calendar.
func shift(v, by *Value, back bool, pos int) (result Value, ok bool, err error) {
	n, unit := by.parts()
	d, definite := durationOf(unit)
	switch {
	case d == noDuration || definite:
		return result, false, faultAt(pos, "only calendar durations can be added to a date or time")
	case v.kind == SystemDate && d > days:
		return result, false, faultAt(pos, "only years, months, weeks and days can be added to a Date")
	case v.kind == SystemTime && d < hours:
		return result, false, faultAt(pos, "only hours, minutes, seconds and milliseconds can be added to a Time")
	}
	m, okM := v.moment()
	amount, okN := parseDecimal(n)
	if !okM || !okN {
		return result, false, nil
	}
	if back {
		amount.Negative = !amount.Negative && !amount.IsZero()
	}
	amount, d, ok = coarsen(amount, d, m.precision)
	if ok {
		ok = m.add(amount, d, v.kind == SystemTime)
	}
	if !ok {
		return result, false, nil
	}
	return temporal(v.kind, m), true, nil
}

// coarsen expresses a duration in the unit of the precision that the date or time has, if it is finer than that:
// @2014 + 24 months is @2016. Only seconds have a fraction.
func coarsen(n *apd.Decimal, d duration, precision int) (*apd.Decimal, duration, bool) {
	target := [...]duration{noDuration, years, months, days, hours, minutes, milliseconds}[precision]
	ok := true
	if d > target || d == weeks {
		if d == weeks && target > days {
			target = days
		}
		n, ok = convertDuration(n, d, target)
		d = target
	}
	if ok && d < seconds {
		n, ok = quantize(n, 0, toZero)
	}
	return n, d, ok
}

// add moves the moment by n units. A Time goes round the clock.
func (m *moment) add(n *apd.Decimal, d duration, clock bool) bool {
	switch d {
	case years, months:
		count, err := n.Int64()
		if d == years {
			count *= 12
		}
		return err == nil && count > -12*10_000 && count < 12*10_000 && m.addMonths(int(count))
	}
	nanos := new(apd.Decimal)
	if _, err := exact().Mul(nanos, n, apd.New(d.milliseconds(), 6)); err != nil {
		return false
	}
	nanos, ok := quantize(nanos, 0, toZero)
	if !ok {
		return false
	}
	// A time.Duration spans 292 years; whole days go separately so that the calendar's 9999 years fit.
	const day = int64(24 * time.Hour)
	whole, rest := new(apd.Decimal), new(apd.Decimal)
	if _, err := exact().QuoInteger(whole, nanos, apd.New(day, 0)); err != nil {
		return false
	}
	if _, err := exact().Rem(rest, nanos, apd.New(day, 0)); err != nil {
		return false
	}
	wholeDays, errDays := whole.Int64()
	restNanos, errRest := rest.Int64()
	if errDays != nil || errRest != nil || wholeDays > 4_000_000 || wholeDays < -4_000_000 {
		return false
	}
	date := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.nanos, time.UTC)
	if clock {
		date = time.Date(2000, 1, 2, m.hour, m.minute, m.second, m.nanos, time.UTC)
		wholeDays = 0
	}
	date = date.AddDate(0, 0, int(wholeDays)).Add(time.Duration(restNanos))
	m.setTime(date)
	for unit := 1_000_000_000; m.digits < 9 && m.nanos%(unit/int(power10(m.digits))) != 0; {
		m.digits++
	}
	return clock || m.year >= 1 && m.year <= 9999
}

// addMonths keeps the day where the month has it, and takes the last day of the month otherwise.
func (m *moment) addMonths(n int) bool {
	total := m.year*12 + m.month - 1 + n
	if total < 12 || total >= 10_000*12 {
		return false
	}
	m.year, m.month = total/12, total%12+1
	m.day = min(m.day, daysIn(m.year, m.month))
	return true
}

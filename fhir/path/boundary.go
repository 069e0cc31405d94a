package path

import (
	"github.com/cockroachdb/apd/v3"
)

// boundaryNumber goes half a unit of the last digit down or up, then on to the next number with so many digits after
// the point.
func boundaryNumber(v Value, places int, high bool) (Value, bool) {
	if places < 0 || places > divisionDigits {
		return v, false
	}
	if v.kind == SystemInteger {
		v, _ = toDecimal(&v)
	}
	return v.mapNumber(func(d *apd.Decimal) (*apd.Decimal, bool) {
		half, direction := apd.New(-5, min(d.Exponent, 0)-1), down
		if high {
			half.Negative, direction = false, up
		}
		r := new(apd.Decimal)
		if _, err := exact().Add(r, d, half); err != nil {
			return nil, false
		}
		return quantize(r, places, direction)
	})
}

// boundaryMoment fills in what is missing, to the number of digits that the result is to have.
func boundaryMoment(v Value, digits int, given, high bool) (Value, bool) {
	m, ok := v.moment()
	if !ok {
		return v, false
	}
	full := toSecond
	if v.kind == SystemDate {
		full = toDay
	}
	wanted := full
	if given {
		if wanted, ok = precisionOf(digits, v.kind); !ok {
			return v, false
		}
	}
	if high {
		m.fillHigh()
	}
	if m.precision < toHour && wanted > toDay || m.precision >= toHour && v.kind == SystemDateTime {
		if !m.zoned && wanted > toDay {
			m.zoned, m.offset = true, 14*60
			if high {
				m.offset = -12 * 60
			}
		}
	}
	if wanted <= toDay {
		m.zoned = false
	}
	m.precision, m.digits = wanted, 0
	if wanted == toSecond {
		m.digits = 3
	}
	if given && digits == 14 || given && digits == 6 && v.kind == SystemTime {
		m.digits = 0
	}
	return temporal(v.kind, m), true
}

// fillHigh sets what is finer than the precision to its greatest value; its least is what parsing has set.
func (m *moment) fillHigh() {
	switch m.precision {
	case toYear:
		m.month = 12
		fallthrough
	case toMonth:
		m.day = daysIn(m.year, m.month)
		fallthrough
	case toDay:
		m.hour = 23
		fallthrough
	case toHour:
		m.minute = 59
		fallthrough
	case toMinute:
		m.second = 59
		fallthrough
	case toSecond:
		unit := int(1_000_000_000 / power10(min(m.digits, 9)))
		m.nanos += unit - 1
	}
}

// precisionOf is the precision of a number of digits: 6 is a month of a date and a second of a time.
func precisionOf(digits int, kind Kind) (int, bool) {
	if kind == SystemTime {
		digits += 8
	}
	switch {
	case digits == 4 && kind != SystemTime:
		return toYear, true
	case digits == 6 && kind != SystemTime:
		return toMonth, true
	case digits == 8 && kind != SystemTime:
		return toDay, true
	case kind == SystemDate:
		return 0, false
	case digits == 10:
		return toHour, true
	case digits == 12:
		return toMinute, true
	case digits == 14 || digits == 17:
		return toSecond, true
	}
	return 0, false
}

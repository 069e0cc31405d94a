package path

// The precisions of a moment, coarsest first (http://hl7.org/fhirpath/N1/#datetime). Seconds and their fraction are
// one precision.
const (
	toYear = iota + 1
	toMonth
	toDay
	toHour
	toMinute
	toSecond
)

// moment is a Date, DateTime or Time taken apart. A Time has no year, month and day.
type moment struct {
	year, month, day            int
	hour, minute, second, nanos int
	precision                   int
	digits                      int // digits of the fraction of a second
	zoned                       bool
	offset                      int // minutes east of UTC
}

// parseMoment reads YYYY[-MM[-DD]][Thh[:mm[:ss[.f…]]][Z|±hh:mm]].
func parseMoment(s string) (m moment, ok bool) {
	m.month, m.day = 1, 1
	if m.year, s, ok = field(s, 4); !ok || m.year == 0 {
		return m, false
	}
	m.precision = toYear
	if s != "" && s[0] == '-' {
		if m.month, s, ok = field(s[1:], 2); !ok || m.month < 1 || m.month > 12 {
			return m, false
		}
		m.precision = toMonth
		if s != "" && s[0] == '-' {
			if m.day, s, ok = field(s[1:], 2); !ok || m.day < 1 || m.day > daysIn(m.year, m.month) {
				return m, false
			}
			m.precision = toDay
		}
	}
	if s == "" {
		return m, true
	}
	if s[0] != 'T' || m.precision != toDay {
		return m, false
	}
	if s, ok = m.parseClock(s[1:]); !ok {
		return m, false
	}
	return m, m.parseOffset(s)
}

// parseTime reads hh[:mm[:ss[.f…]]].
func parseTime(s string) (m moment, ok bool) {
	rest, ok := m.parseClock(s)
	return m, ok && rest == ""
}

func (m *moment) parseClock(s string) (rest string, ok bool) {
	if m.hour, s, ok = field(s, 2); !ok || m.hour > 23 {
		return s, false
	}
	m.precision = toHour
	if s == "" || s[0] != ':' {
		return s, true
	}
	if m.minute, s, ok = field(s[1:], 2); !ok || m.minute > 59 {
		return s, false
	}
	m.precision = toMinute
	if s == "" || s[0] != ':' {
		return s, true
	}
	if m.second, s, ok = field(s[1:], 2); !ok || m.second > 60 { // 60 is a leap second
		return s, false
	}
	m.precision = toSecond
	if s == "" || s[0] != '.' {
		return s, true
	}
	s = s[1:]
	unit := 1_000_000_000
	for s != "" && digit(s[0]) {
		unit /= 10
		m.nanos += int(s[0]-'0') * unit // digits beyond the nanosecond count for nothing
		m.digits++
		s = s[1:]
	}
	return s, m.digits > 0
}

func (m *moment) parseOffset(s string) bool {
	if s == "" {
		return true
	}
	m.zoned = true
	if s == "Z" {
		return true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return false
	}
	hours, _, ok := field(s[1:], 2)
	minutes, _, ok2 := field(s[4:], 2)
	if !ok || !ok2 || hours > 14 || minutes > 59 {
		return false
	}
	m.offset = hours*60 + minutes
	if s[0] == '-' {
		m.offset = -m.offset
	}
	return true
}

// field reads exactly n digits.
func field(s string, n int) (v int, rest string, ok bool) {
	if len(s) < n {
		return 0, s, false
	}
	for i := range n {
		if !digit(s[i]) {
			return 0, s, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, s[n:], true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

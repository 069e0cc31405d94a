package path

import (
	"time"
)

// compareTemporal orders dates and times to the precision that both have; ok is false when that does not decide.
func compareTemporal(x, y *Value) (order int, ok bool) {
	a, okA := x.moment()
	b, okB := y.moment()
	if !okA || !okB {
		return 0, false
	}
	if a.precision > toDay && b.precision > toDay && (a.zoned || b.zoned) {
		if !a.zoned || !b.zoned {
			return compareZones(&a, &b)
		}
		a.toUTC()
		b.toUTC()
	}
	return compareMoments(&a, &b)
}

// compareMoments compares field by field; the date of a Time is all zeros.
func compareMoments(a, b *moment) (order int, ok bool) {
	fields := [...][2]int{
		{a.year, b.year}, {a.month, b.month}, {a.day, b.day}, {a.hour, b.hour}, {a.minute, b.minute},
	}
	common := min(a.precision, b.precision)
	for i, f := range fields {
		if i+1 > common {
			return 0, a.precision == b.precision
		}
		if f[0] != f[1] {
			return compareInt(int64(f[0]), int64(f[1])), true
		}
	}
	if common < toSecond {
		return 0, a.precision == b.precision
	}
	if a.second != b.second {
		return compareInt(int64(a.second), int64(b.second)), true
	}
	return compareInt(int64(a.nanos), int64(b.nanos)), true
}

// compareZones orders two moments of which one has no zone. Its zone may be any, so it decides only what is the same
// in all of them: everything more than a day away.
func compareZones(a, b *moment) (order int, ok bool) {
	lowA, highA := a.span()
	lowB, highB := b.span()
	switch {
	case highA.Before(lowB):
		return -1, true
	case highB.Before(lowA):
		return 1, true
	}
	return 0, false
}

// span is the time within which a moment lies, whatever its zone.
func (m *moment) span() (low, high time.Time) {
	low = m.time()
	high = low.Add(time.Hour)
	if !m.zoned {
		return low.Add(-14 * time.Hour), high.Add(12 * time.Hour)
	}
	return low, high
}

func (m *moment) time() time.Time {
	return time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.nanos, time.FixedZone("", m.offset*60))
}

// toUTC moves a moment to the zone of UTC.
func (m *moment) toUTC() {
	if m.offset == 0 {
		return
	}
	m.setTime(m.time().UTC())
	m.offset = 0
}

// setTime takes over what a clock shows.
func (m *moment) setTime(t time.Time) {
	m.year, m.day = t.Year(), t.Day()
	m.month = int(t.Month())
	m.hour, m.minute, m.second, m.nanos = t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
}

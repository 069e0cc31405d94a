package path

import (
	"fmt"
	"strings"
)

// text writes a moment to its precision; a Time without its date.
func (m *moment) text(kind Kind) string {
	var b strings.Builder
	if kind != SystemTime {
		fmt.Fprintf(&b, "%04d", m.year)
		if m.precision >= toMonth {
			fmt.Fprintf(&b, "-%02d", m.month)
		}
		if m.precision >= toDay {
			fmt.Fprintf(&b, "-%02d", m.day)
		}
		if m.precision <= toDay {
			return b.String()
		}
		b.WriteByte('T')
	}
	fmt.Fprintf(&b, "%02d", m.hour)
	if m.precision >= toMinute {
		fmt.Fprintf(&b, ":%02d", m.minute)
	}
	if m.precision >= toSecond {
		fmt.Fprintf(&b, ":%02d", m.second)
		if m.digits > 0 {
			b.WriteString("." + fmt.Sprintf("%09d", m.nanos)[:min(m.digits, 9)])
		}
	}
	if m.zoned {
		b.WriteString(offsetText(m.offset))
	}
	return b.String()
}

func offsetText(minutes int) string {
	if minutes == 0 {
		return "Z"
	}
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}

// temporal makes a Date, DateTime or Time of a moment.
func temporal(kind Kind, m moment) Value {
	return Value{kind: kind, text: m.text(kind)}
}

// moment reads the text of a Date, DateTime or Time.
func (v *Value) moment() (moment, bool) {
	if v.kind == SystemTime {
		return parseTime(v.text)
	}
	return parseMoment(v.text)
}

// temporalLiteral reads what follows '@'.
func temporalLiteral(text string) (v Value, ok bool) {
	date, clock, dateTime := strings.Cut(text, "T")
	switch {
	case date == "":
		v = Value{kind: SystemTime, text: clock}
	case dateTime:
		v = Value{kind: SystemDateTime, text: strings.TrimSuffix(text, "T")}
	default:
		v = Value{kind: SystemDate, text: text}
	}
	_, ok = v.moment()
	return v, ok
}

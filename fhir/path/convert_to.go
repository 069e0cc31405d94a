package path

import (
	"strconv"
	"strings"
)

func toBoolean(v *Value) (Value, bool) {
	text := v.text
	switch v.kind {
	case SystemBoolean:
		return *v, true
	case SystemInteger, SystemDecimal:
		text, _ = v.asString()
		if order, ok := compareNumbers(text, "1"); ok && order == 0 {
			return Bool(true), true
		}
		order, ok := compareNumbers(text, "0")
		return Bool(false), ok && order == 0
	case SystemString:
		switch strings.ToLower(text) {
		case "true", "t", "yes", "y", "1", "1.0":
			return Bool(true), true
		case "false", "f", "no", "n", "0", "0.0":
			return Bool(false), true
		}
	}
	return Value{}, false
}

func toInteger(v *Value) (Value, bool) {
	switch v.kind {
	case SystemInteger:
		return *v, true
	case SystemBoolean:
		if v.flag {
			return Integer(1), true
		}
		return Integer(0), true
	case SystemString:
		i, err := strconv.ParseInt(v.text, 10, 32)
		return Integer(int32(i)), err == nil
	}
	return Value{}, false
}

func toDecimal(v *Value) (Value, bool) {
	text := ""
	switch v.kind {
	case SystemDecimal:
		return *v, true
	case SystemInteger:
		text = strconv.Itoa(int(v.num))
	case SystemBoolean:
		text = "0.0"
		if v.flag {
			text = "1.0"
		}
	case SystemString:
		if text = strings.TrimPrefix(v.text, "+"); !decimalShape(text) {
			return Value{}, false
		}
	default:
		return Value{}, false
	}
	text, ok := decimalText(text)
	return Value{kind: SystemDecimal, text: text}, ok
}

// decimalShape reports whether a text is -?\d+(\.\d+)?.
func decimalShape(s string) bool {
	l := lexer{src: strings.TrimPrefix(s, "-")}
	return l.src != "" && digit(l.src[0]) && l.number() == l.src
}

func toString(v *Value) (Value, bool) {
	text, ok := v.asString()
	return String(text), ok
}

// toTemporal converts to a Date, DateTime or Time.
func toTemporal(v *Value, kind Kind) (Value, bool) {
	switch {
	case v.kind == kind:
		return *v, true
	case v.kind == SystemDate && kind == SystemDateTime:
		return Value{kind: kind, text: v.text}, true
	case v.kind == SystemDateTime && kind == SystemDate:
		date, _, _ := strings.Cut(v.text, "T")
		return Value{kind: kind, text: date}, true
	case v.kind != SystemString:
		return Value{}, false
	}
	text := v.text
	if kind == SystemTime {
		text = strings.TrimPrefix(text, "T")
	}
	t := Value{kind: kind, text: text}
	m, ok := t.moment()
	return t, ok && (kind != SystemDate || m.precision <= toDay)
}

package path

import (
	"strconv"
	"strings"
)

// String is v as toString() gives it (http://hl7.org/fhirpath/N1/#tostring-string), the name of a TypeInfo, or the
// JSON text of a complex node.
func (v Value) String() string {
	if text, ok := v.asString(); ok {
		return text
	}
	switch v.kind {
	case Node:
		return v.node.Raw()
	case TypeInfo:
		return v.text
	}
	return ""
}

// asString is toString(); ok is false where that gives nothing.
func (v Value) asString() (string, bool) {
	v = v.system()
	switch v.kind {
	case SystemBoolean:
		return strconv.FormatBool(v.flag), true
	case SystemInteger:
		return strconv.Itoa(int(v.num)), true
	case SystemString, SystemDecimal, SystemDate, SystemDateTime, SystemTime:
		return v.text, true
	case SystemQuantity:
		n, unit := v.parts()
		if v.flag {
			return n + " " + unit, true
		}
		return n + " '" + unit + "'", true
	}
	return "", false
}

// literal is how v is written in an expression.
func (v Value) literal() string {
	var b strings.Builder
	switch v.kind {
	case SystemString:
		writeQuoted(&b, v.text, '\'')
	case SystemDate:
		return "@" + v.text
	case SystemDateTime:
		if !strings.Contains(v.text, "T") {
			return "@" + v.text + "T"
		}
		return "@" + v.text
	case SystemTime:
		return "@T" + v.text
	case SystemQuantity:
		n, unit := v.parts()
		b.WriteString(n + " ")
		if v.flag {
			b.WriteString(unit)
		} else {
			writeQuoted(&b, unit, '\'')
		}
	default:
		text, _ := v.asString()
		return text
	}
	return b.String()
}

package path

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// systemKind is the System type that a FHIR primitive converts to on its own
// (http://hl7.org/fhir/R4/fhirpath.html#types); None for what is no primitive. R4's table sends date to DateTime; the
// official tests, and every other engine, send it to Date.
func systemKind(name string) Kind {
	switch name {
	case "string", "code", "uri", "id", "canonical", "url", "markdown", "oid", "uuid", "base64Binary", "xhtml":
		return SystemString
	case "boolean":
		return SystemBoolean
	case "integer", "positiveInt", "unsignedInt":
		return SystemInteger
	case "decimal":
		return SystemDecimal
	case "date":
		return SystemDate
	case "dateTime", "instant":
		return SystemDateTime
	case "time":
		return SystemTime
	}
	return None
}

// system is the System value that v stands for. What stands for none (a complex element, a primitive that has only
// extensions, JSON that does not fit its type) is returned unchanged.
func (v *Value) system() Value {
	if v.kind != Node {
		return *v
	}
	if v.typ == nil {
		return v.untyped()
	}
	if v.typ.Kind != r4.Primitive {
		if v.typ.Is("Quantity") {
			if q, ok := v.systemQuantity(); ok {
				return q
			}
		}
		return *v
	}
	if s, ok := primitive(systemKind(v.typ.Name), v.node); ok {
		return s
	}
	return *v
}

// primitive reads a JSON value as a System value of the given kind.
func primitive(kind Kind, e fhir.Element) (Value, bool) {
	switch e.Kind() {
	case fhir.String:
		switch kind {
		case SystemString, SystemDate, SystemDateTime, SystemTime:
			return Value{kind: kind, text: e.Text()}, true
		}
	case fhir.Bool:
		if kind == SystemBoolean {
			return Bool(e.Raw() == "true"), true
		}
	case fhir.Number:
		switch kind {
		case SystemInteger:
			i, err := strconv.ParseInt(e.Raw(), 10, 32)
			return Integer(int32(i)), err == nil
		case SystemDecimal:
			text, ok := decimalText(e.Raw())
			return Value{kind: SystemDecimal, text: text}, ok
		}
	}
	return Value{}, false
}

// untyped converts a value of which R4 knows no type by what JSON says it is.
func (v *Value) untyped() Value {
	switch v.node.Kind() {
	case fhir.String:
		return String(v.node.Text())
	case fhir.Bool:
		return Bool(v.node.Raw() == "true")
	case fhir.Number:
		if n, ok := number(v.node.Raw()); ok {
			return n
		}
	}
	return *v
}

// systemQuantity converts a FHIR Quantity, which needs a UCUM code
// (http://hl7.org/fhir/R4/fhirpath.html#quantity). A comparator makes it a range, and no System.Quantity is one.
func (v *Value) systemQuantity() (Value, bool) {
	if v.node.Get("system").Text() != ucum || v.node.Get("comparator").Exists() {
		return Value{}, false
	}
	n, ok := decimalText(v.node.Get("value").Raw())
	if !ok {
		return Value{}, false
	}
	code := v.node.Get("code").Text()
	if word := calendarWord(code); word != "" {
		return quantity(n, word, true)
	}
	return quantity(n, code, false)
}

// calendarWord is the table of http://hl7.org/fhir/R4/fhirpath.html#quantity.
func calendarWord(code string) string {
	switch code {
	case "a":
		return "year"
	case "mo":
		return "month"
	case "d":
		return "day"
	case "h":
		return "hour"
	case "min":
		return "minute"
	case "s":
		return "second"
	}
	return ""
}

// hasValue reports whether v is a FHIR primitive with a value.
func (v *Value) hasValue() bool {
	return v.kind == Node && (v.typ == nil || v.typ.Kind == r4.Primitive) && primitiveKind(v.node.Kind())
}

// valueless reports whether v is a primitive that has only an id or extensions. Where a value is needed, such a node
// counts as empty: a birthDate that is known to be unknown is neither before today nor a mistake.
func (v *Value) valueless() bool {
	return v.kind == Node && v.typ != nil && v.typ.Kind == r4.Primitive && v.node.Kind() == fhir.Absent
}

// unconvertible reports whether v is a FHIR Quantity that is no System.Quantity: without UCUM code, without value, with
// a comparator. Operators answer it with empty, as they do a quantity of an unknown unit.
func (v *Value) unconvertible() bool {
	return v.kind == Node && v.typ != nil && v.typ.Is("Quantity")
}

func primitiveKind(k fhir.Kind) bool {
	return k == fhir.String || k == fhir.Bool || k == fhir.Number
}

// quantity makes a System.Quantity; ok is false when the number or the unit is not one.
func quantity(n, unit string, calendar bool) (Value, bool) {
	n, ok := decimalText(n)
	if unit == "" || strings.ContainsAny(unit, " \t\r\n") {
		return Value{}, false
	}
	return Value{kind: SystemQuantity, flag: calendar, text: n + " " + unit}, ok
}

// parts are the number and the unit of a System.Quantity.
func (v *Value) parts() (n, unit string) {
	n, unit, _ = strings.Cut(v.text, " ")
	return n, unit
}

package gate

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// maxString is the limit of http://hl7.org/fhir/R4/datatypes.html#string: 1 MiB.
const maxString = 1 << 20

// primitive checks the JSON kind and the format of a primitive value (http://hl7.org/fhir/R4/datatypes.html#primitive).
// It reports false where a mistake was found.
func (c *checker) primitive(e fhir.Element, ref *r4.TypeRef) bool {
	typ := ref.Type.Name
	want := fhir.String
	switch typ {
	case "boolean":
		want = fhir.Bool
	case "integer", "unsignedInt", "positiveInt", "decimal":
		want = fhir.Number
	}
	switch e.Kind() {
	case want:
	case fhir.Null: // which Parse has reported
		return false
	case fhir.Object, fhir.Array:
		c.report(e, fhir.Structure, article(typ)+" must be written as "+kindName(want)+"; its id and extensions belong in '_"+ref.Name+"'")
		return false
	default:
		c.report(e, fhir.Value, article(typ)+" must be written as "+kindName(want))
		return false
	}
	s := e.Text()
	if s == "" {
		return false // which Parse has reported
	}
	if wrong := format(typ, s); wrong != "" {
		c.report(e, fhir.Value, wrong)
		return false
	}
	return true
}

// article puts the indefinite article before a type name.
func article(name string) string {
	if strings.IndexByte("aeio", name[0]) >= 0 || name == "unsignedInt" || name == "xhtml" {
		return "an " + name
	}
	return "a " + name
}

func kindName(k fhir.Kind) string {
	switch k {
	case fhir.Bool:
		return "a JSON boolean"
	case fhir.Number:
		return "a JSON number"
	}
	return "a JSON string"
}

// format says what is wrong with the text of a primitive, or "".
func format(typ, s string) string {
	switch typ {
	case "boolean", "decimal":
		return ""
	case "integer", "unsignedInt", "positiveInt":
		return wholeNumber(typ, s)
	case "string", "markdown":
		return text(s)
	case "xhtml":
		return xhtml(s)
	case "code":
		if !isCode(s) {
			return "a code must not start or end with white space, nor hold more than one space in a row"
		}
	case "id":
		if !fhir.ValidID(s) {
			return "an id is 1 to 64 letters, digits, '-' and '.'"
		}
	case "uri", "url", "canonical", "oid", "uuid":
		return address(typ, s)
	case "date", "dateTime", "instant", "time":
		return temporal(typ, s)
	case "base64Binary":
		if !isBase64(s) {
			return "base64 is groups of four of the characters A-Z, a-z, 0-9, '+' and '/', the last filled up with '='"
		}
	}
	return ""
}

func wholeNumber(typ, s string) string {
	n, err := strconv.ParseInt(s, 10, 32)
	switch {
	case err != nil || typ != "integer" && s == "-0": // which only the format of integer has
		return article(typ) + " is a whole number of 32 bits, without fraction and exponent"
	case typ == "unsignedInt" && n < 0:
		return "an unsignedInt must not be negative"
	case typ == "positiveInt" && n < 1:
		return "a positiveInt must be 1 or more"
	}
	return ""
}

func text(s string) string {
	switch {
	case len(s) > maxString:
		return "a string must not be longer than 1 MiB"
	case hasControl(s):
		return "a string must not hold control characters other than tab, line feed and carriage return"
	}
	return ""
}

func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return true
		}
	}
	return false
}

// isSpace is the white space of XML and JSON, which is all that R4 knows.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isCode(s string) bool {
	space := true // white space before the first character is as wrong as two in a row
	for i := range len(s) {
		switch {
		case s[i] > ' ':
			space = false
		case space || !isSpace(s[i]):
			return false
		default:
			space = true
		}
	}
	return !space
}

func address(typ, s string) string {
	for i := range len(s) {
		if s[i] <= ' ' {
			return article(typ) + " must not hold white space or control characters"
		}
	}
	switch typ {
	case "oid":
		if !isOID(s) {
			return "an oid looks like urn:oid:1.2.3.4.5"
		}
	case "uuid":
		if !isUUID(s) {
			return "a uuid looks like urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in lower case"
		}
	}
	return ""
}

func isOID(s string) bool {
	rest, ok := strings.CutPrefix(s, "urn:oid:")
	if !ok || len(rest) < 3 || rest[0] < '0' || rest[0] > '2' || rest[1] != '.' {
		return false
	}
	for arc := range strings.SplitSeq(rest[2:], ".") {
		if arc == "" || len(arc) > 1 && arc[0] == '0' || strings.Trim(arc, "0123456789") != "" {
			return false
		}
	}
	return true
}

func isUUID(s string) bool {
	rest, ok := strings.CutPrefix(s, "urn:uuid:")
	if !ok || len(rest) != 36 {
		return false
	}
	for i := range len(rest) {
		c := rest[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isBase64 accepts white space anywhere, as R4 does.
func isBase64(s string) bool {
	n, padding := 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case isSpace(c):
			continue
		case c == '=':
			padding++
		case padding > 0:
			return false
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
		default:
			return false
		}
		n++
	}
	return n > 0 && n%4 == 0 && padding <= 2
}

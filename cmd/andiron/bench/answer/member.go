package answer

import "bytes"

// Has reports whether some object of a JSON text has a member of this string value, at whatever depth. The name is given
// with its quotation marks: `"id"`. White space is allowed where JSON allows it; escapes in the value are not understood.
func Has(text []byte, name, value string) bool {
	found := false
	each(text, name, func(rest []byte) bool {
		found = len(rest) > len(value) && rest[len(value)] == '"' && string(rest[:len(value)]) == value
		return !found
	})
	return found
}

// Count gives the number of members of that name whose string value begins with the prefix.
func Count(text []byte, name, prefix string) int {
	n := 0
	each(text, name, func(rest []byte) bool {
		if len(rest) >= len(prefix) && string(rest[:len(prefix)]) == prefix {
			n++
		}
		return true
	})
	return n
}

// each visits what follows the opening quotation mark of the string values of a member until visit returns false.
func each(text []byte, name string, visit func(rest []byte) bool) {
	for {
		at := bytes.Index(text, []byte(name))
		if at < 0 {
			return
		}
		text = text[at+len(name):]
		value := bytes.TrimLeft(text, " \t\r\n")
		if len(value) == 0 || value[0] != ':' {
			continue
		}
		value = bytes.TrimLeft(value[1:], " \t\r\n")
		if len(value) == 0 || value[0] != '"' {
			continue
		}
		if !visit(value[1:]) {
			return
		}
	}
}

package gate

import "strings"

// characters checks text between tags or in an attribute: its references, and what XML forbids there.
func characters(s string) string {
	if strings.Contains(s, "]]>") {
		return "']]>' must be written as ']]&gt;' in the narrative"
	}
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			return ""
		}
		s = s[i+1:]
		end := strings.IndexByte(s, ';')
		if end < 0 || end > 32 {
			return "'&' must be written as '&amp;' in the narrative"
		}
		if wrong := characterReference(s[:end]); wrong != "" {
			return wrong
		}
		s = s[end+1:]
	}
}

// characterReference checks what stands between '&' and ';'. HTML's names are not XML's: "there is no support for HTML
// entities like &nbsp;" (http://hl7.org/fhir/R4/narrative.html#xhtml).
func characterReference(name string) string {
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return ""
	}
	if number, ok := strings.CutPrefix(name, "#"); ok {
		if !isXMLCharacter(number) {
			return "a character reference in the narrative names no character"
		}
		return ""
	}
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "'&' must be written as '&amp;' in the narrative"
	}
	return "HTML's named characters are not allowed in a narrative; write the character itself, or its number as in '&#160;'"
}

// isXMLCharacter reads "160" or "xA0" and reports whether XML may hold the character (https://www.w3.org/TR/xml/#charsets).
func isXMLCharacter(number string) bool {
	base, digits := 10, number
	if hex, ok := strings.CutPrefix(number, "x"); ok {
		base, digits = 16, hex
	}
	n := 0
	for i := range len(digits) {
		d := 99
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			d = int(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			d = int(c|0x20-'a') + 10
		}
		if n = n*base + d; d >= base || n > 0x10FFFF {
			return false
		}
	}
	return n >= 0x20 && n < 0xD800 || n > 0xDFFF && n != 0xFFFE && n != 0xFFFF || n == '\t' || n == '\n' || n == '\r'
}

// called puts a name into a message if it can only be a name, and says something else instead otherwise: what
// stands where a tag was expected may be a patient's data.
func called(before, name, after, otherwise string) string {
	if name == "" || len(name) > 20 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-") != "" {
		return otherwise
	}
	return before + name + after
}

// allowedElement lists the elements of invariant txt-1, and address, bdo and kbd, which belong to the chapters of HTML 4.0 that its
// words allow and its XPath forgets.
func allowedElement(name string) bool {
	switch name {
	case "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd",
		"dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "q", "samp",
		"small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var":
		return true
	}
	return false
}

// allowedAttribute lists the attributes of invariant txt-1, and XML's own.
func allowedAttribute(name string) bool {
	switch name {
	case "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding", "cellspacing", "cellvalign", "char",
		"charoff", "charset", "cite", "class", "colspan", "compact", "coords", "dir", "frame", "headers", "height", "href", "hreflang",
		"hspace", "id", "lang", "longdesc", "name", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "span", "src", "start",
		"style", "summary", "tabindex", "title", "type", "valign", "value", "vspace", "width", "xml:lang", "xml:space", "xmlns":
		return true
	}
	return false
}

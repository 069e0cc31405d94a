package search

import (
	"html"
	"strings"
)

// plainText is what a reader sees of the XHTML of a narrative (http://hl7.org/fhir/R4/narrative.html): without tags and
// comments, entities resolved. Tags that stand within a word do not separate its parts.
func plainText(xhtml string) string {
	var b strings.Builder
	b.Grow(len(xhtml))
	for {
		text, rest, found := strings.Cut(xhtml, "<")
		if strings.Contains(text, "&") {
			text = html.UnescapeString(text)
		}
		b.WriteString(text)
		if !found {
			return b.String()
		}
		xhtml = afterTag(&b, rest)
	}
}

// afterTag gives what follows a tag, comment or CDATA section whose '<' has been read.
func afterTag(b *strings.Builder, s string) string {
	if comment, ok := strings.CutPrefix(s, "!--"); ok {
		_, rest, _ := strings.Cut(comment, "-->")
		return rest
	}
	if data, ok := strings.CutPrefix(s, "![CDATA["); ok {
		text, rest, _ := strings.Cut(data, "]]>")
		b.WriteString(text)
		return rest
	}
	name := strings.TrimPrefix(s, "/")
	if end := strings.IndexFunc(name, func(r rune) bool { return !alphanumeric(byte(min(r, 0x7f))) }); end >= 0 {
		name = name[:end]
	}
	if !inline(name) {
		b.WriteByte(' ')
	}
	var quote byte // a '>' within the value of an attribute ends no tag
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return s[i+1:]
		}
	}
	return ""
}

// inline reports whether an element stands within a line of text, so that it separates no words.
func inline(element string) bool {
	switch element {
	case "a", "abbr", "acronym", "b", "bdo", "big", "code", "em", "font", "i", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var":
		return true
	}
	return false
}

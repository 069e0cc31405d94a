package fhir

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string value.
func (p *parser) str() bool {
	at := p.open(String)
	end, escaped, ok := p.literal()
	if !ok {
		return false
	}
	if p.limits.String > 0 && end-p.pos-1 > p.limits.String {
		return p.failLimit(fmt.Sprintf("a string is longer than %d bytes", p.limits.String))
	}
	if end == p.pos+1 {
		p.fault(at, Value, "a string must not be empty; leave the property out instead")
	}
	p.pos = end + 1
	if escaped {
		p.doc.nodes[at].flags |= flagEscaped
	}
	p.close(at, 0)
	return true
}

// literal finds the closing quote of the string literal that starts at pos and checks its escapes.
// It returns the offset of the closing quote.
func (p *parser) literal() (end int, escaped, ok bool) {
	src := p.doc.src
	i := p.pos + 1
	for i < len(src) {
		switch c := src[i]; {
		case c == '"':
			return i, escaped, true
		case c == '\\':
			escaped = true
			n, bad := escape(src[i:])
			if bad != "" {
				p.pos = i
				return 0, false, p.fail(bad)
			}
			i += n
		case c < 0x20:
			p.pos = i
			return 0, false, p.fail(fmt.Sprintf("the control character U+%04X must be escaped in a string", c))
		default:
			i++
		}
	}
	p.pos = len(src)
	return 0, false, p.fail("the text ends inside a string")
}

// escape checks the escape sequence at the start of s and returns its length, or what is wrong with it.
func escape(s string) (n int, bad string) {
	if len(s) < 2 {
		return 0, "the text ends inside a string"
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		r, ok := hex4(s[2:])
		if !ok {
			return 0, "\\u must be followed by four hexadecimal digits"
		}
		if !utf16.IsSurrogate(r) {
			return 6, ""
		}
		if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if low, ok := hex4(s[8:]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				return 12, ""
			}
		}
		return 0, "half of a surrogate pair stands alone"
	}
	return 0, "unknown escape sequence in a string"
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unescape decodes the inside of a string literal whose escapes have been checked.
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		n := 2
		switch c := s[i+1]; c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, _ := hex4(s[i+2:])
			n = 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s[i+8:])
				r = utf16.DecodeRune(r, low)
				n = 12
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
		s = s[i+n:]
		i = strings.IndexByte(s, '\\')
	}
	b.WriteString(s)
	return b.String()
}

// number reads a number value by JSON's grammar, which is also that of a FHIR decimal.
func (p *parser) number() bool {
	at := p.open(Number)
	src, i := p.doc.src, p.pos
	if src[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(src) && src[i] >= '0' && src[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(src) && src[i] == '0' {
		i++
	} else if !digits() {
		return p.fail("a number needs a digit after '-'")
	}
	if i < len(src) && src[i] == '.' {
		i++
		if !digits() {
			p.pos = i
			return p.fail("a number needs a digit after '.'")
		}
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		if !digits() {
			p.pos = i
			return p.fail("a number needs a digit in its exponent")
		}
	}
	if i < len(src) && src[i] >= '0' && src[i] <= '9' {
		p.pos = i
		return p.fail("a number must not start with a superfluous 0")
	}
	p.pos = i
	p.close(at, 0)
	return true
}

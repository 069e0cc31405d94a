package path

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string or delimited identifier and decodes its escapes
// (http://hl7.org/fhirpath/N1/#string; R4 adds \" and the JSON escapes).
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.pos
	l.pos++
	end := strings.IndexByte(l.src[l.pos:], quote)
	if end >= 0 && strings.IndexByte(l.src[l.pos:l.pos+end], '\\') < 0 {
		text := l.src[l.pos : l.pos+end]
		l.pos += end + 1
		return text, nil
	}
	var b strings.Builder
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch c {
		case quote:
			l.pos++
			return b.String(), nil
		case '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	return "", faultAt(start, "the text that starts here is not closed with %c", quote)
}

// escape decodes the escape sequence at pos.
func (l *lexer) escape(b *strings.Builder) error {
	if l.pos+1 == len(l.src) {
		return faultAt(l.pos, "the expression ends inside an escape sequence")
	}
	c := l.src[l.pos+1]
	switch c {
	case '\\', '/', '\'', '"', '`':
		b.WriteByte(c)
	case 'f':
		b.WriteByte('\f')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		r, ok := l.unicode(l.pos)
		if !ok {
			return faultAt(l.pos, "\\u must be followed by four hexadecimal digits")
		}
		if utf16.IsSurrogate(r) {
			low, ok := l.unicode(l.pos + 6)
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return faultAt(l.pos, "half of a surrogate pair stands alone")
			}
			l.pos += 6
		}
		b.WriteRune(r)
		l.pos += 6
		return nil
	default:
		return faultAt(l.pos, "unknown escape sequence \\%c", firstRune(l.src[l.pos+1:]))
	}
	l.pos += 2
	return nil
}

// unicode reads \uXXXX at pos.
func (l *lexer) unicode(pos int) (rune, bool) {
	if pos+6 > len(l.src) || l.src[pos] != '\\' || l.src[pos+1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(l.src[pos+2:pos+6], 16, 16)
	return rune(v), err == nil
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

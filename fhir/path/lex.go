package path

import (
	"strings"
)

// token kinds of the grammar (http://hl7.org/fhirpath/N1/grammar.html).
type tokenKind uint8

const (
	tokEnd        tokenKind = iota
	tokSymbol               // punctuation and operators that are no words; text is the symbol
	tokIdentifier           // simple identifiers and words; text is the identifier
	tokDelimited            // `identifier`; text is decoded
	tokString               // 'text'; text is decoded
	tokQuoted               // "text", legal after % only (R4 writes %"vs-name"); text is decoded
	tokNumber
	tokDate // @2014-05, @2014-05-01T10:00Z, @T10:00; text without '@'
	tokSpecial
)

type token struct {
	kind tokenKind
	pos  int
	text string
}

// lexer splits an expression into tokens, one at a time: the parser never looks further ahead than one.
type lexer struct {
	src string
	pos int
}

func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokEnd, pos: start}, nil
	}
	switch c := l.src[start]; {
	case letter(c):
		return token{tokIdentifier, start, l.word()}, nil
	case digit(c):
		return token{tokNumber, start, l.number()}, nil
	case c == '\'':
		text, err := l.quoted('\'')
		return token{tokString, start, text}, err
	case c == '`':
		text, err := l.quoted('`')
		return token{tokDelimited, start, text}, err
	case c == '"':
		text, err := l.quoted('"')
		return token{tokQuoted, start, text}, err
	case c == '@':
		text, err := l.date()
		return token{tokDate, start, text}, err
	case c == '$':
		l.pos++
		name := l.word()
		if name != "this" && name != "index" && name != "total" {
			return token{}, faultAt(start, "there is no $%s; the special variables are $this, $index and $total", name)
		}
		return token{tokSpecial, start, name}, nil
	}
	for _, symbol := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(l.src[start:], symbol) {
			l.pos += 2
			return token{tokSymbol, start, symbol}, nil
		}
	}
	if strings.IndexByte("()[]{}.,+-*/&|=~<>%", l.src[start]) < 0 {
		return token{}, faultAt(start, "unexpected character %q", firstRune(l.src[start:]))
	}
	l.pos++
	return token{tokSymbol, start, l.src[start:l.pos]}, nil
}

// space skips white space and comments.
func (l *lexer) space() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
			l.pos++
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			l.pos += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return faultAt(l.pos, "the comment is not closed")
			}
			l.pos += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) word() string {
	start := l.pos
	for l.pos < len(l.src) && (letter(l.src[l.pos]) || digit(l.src[l.pos])) {
		l.pos++
	}
	return l.src[start:l.pos]
}

// number reads digits with an optional fraction. A point that no digit follows belongs to what comes next: 1.toString().
func (l *lexer) number() string {
	start := l.pos
	l.digits()
	if l.pos+1 < len(l.src) && l.src[l.pos] == '.' && digit(l.src[l.pos+1]) {
		l.pos++
		l.digits()
	}
	return l.src[start:l.pos]
}

func (l *lexer) digits() {
	for l.pos < len(l.src) && digit(l.src[l.pos]) {
		l.pos++
	}
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
